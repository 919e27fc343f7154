package demo

import (
	"fmt"
	"strings"
	"time"
)

type frame struct {
	page   string // where the page is, or how to open it
	story  *story
	snap   snapshot
	trail  []float64 // sent over the last while, a point a second
	served []float64 // served over the same while; negative where there was no number
}

const trailPoints = 48

func push(trail []float64, point float64) []float64 {
	trail = append(trail, point)
	return trail[max(0, len(trail)-trailPoints):]
}

// sparkline draws points between 0 and top; a point below 0 is a gap.
func sparkline(points []float64, top float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var line strings.Builder
	for _, point := range points {
		if point < 0 {
			line.WriteByte(' ')
			continue
		}
		level := int(point / top * float64(len(levels)))
		line.WriteRune(levels[min(max(level, 0), len(levels)-1)])
	}
	return line.String()
}

func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// dots draws ready replicas, those that are still to come, and free places up to the maximum.
func dots(ready, replicas, most int32) string {
	full := strings.Repeat("●", int(max(ready, 0)))
	coming := strings.Repeat("◐", int(max(replicas-ready, 0)))
	return full + coming + strings.Repeat("·", int(max(most-max(replicas, ready), 0)))
}

func servedText(s snapshot) string {
	if s.served.Err != nil {
		return "no number: " + s.served.Err.Error()
	}
	age := max(s.at.Sub(s.served.At).Round(time.Second), 0)
	return fmt.Sprintf("%5.0f/s over %s, sampled %s ago", s.served.Value, s.served.Window, age)
}

func hpaText(s snapshot) string {
	if !s.hpa.active {
		if s.hpa.reason == "" {
			return "has not looked yet"
		}
		return "reads no number yet: " + s.hpa.reason
	}
	text := fmt.Sprintf("desires %d (%d to %d)", s.hpa.desired, s.hpa.min, s.hpa.max)
	if s.hpa.reason == "ScaleDownStabilized" {
		text += fmt.Sprintf(", holds a scale-in back for %s", stabilization)
	}
	return text
}
