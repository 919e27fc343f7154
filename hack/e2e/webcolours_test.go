package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

const (
	// screenshot is what the documentation shows of the page; -update writes it.
	screenshot    = "../../deploy/docs/images/top-web.png"
	maxScreenshot = 150 << 10
)

// colours holds that the page and its plots follow the scheme of the system, and keeps a screenshot of each.
func (p *tab) colours(t *testing.T) {
	t.Helper()
	seen := map[string]string{}
	for _, scheme := range []string{"dark", "light"} {
		do(t, p.ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		colours, err := evaluate[string](p, `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
			...document.querySelector("section").plots.map((plot) => plot.series[1].stroke())].join(" ")`)
		if err != nil {
			t.Fatal(err)
		}
		seen[scheme] = colours
		image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if len(image) > maxScreenshot {
			t.Errorf("the screenshot has %d bytes, want at most %d", len(image), maxScreenshot)
		}
		if pagetest.Updating() {
			file := screenshot
			if scheme == "dark" {
				file = strings.Replace(file, ".png", "-dark.png", 1)
			}
			if err := os.WriteFile(file, image, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	light, dark := strings.Fields(seen["light"]), strings.Fields(seen["dark"])
	if seen["light"] == "" || len(light) != len(dark) || seen["light"] == seen["dark"] {
		t.Errorf("colours %v", seen)
	}
	for i := range light {
		if strings.HasPrefix(light[i], "#") && light[i] == dark[i] {
			t.Errorf("a plot has the colour %s in both schemes", light[i])
		}
	}
}
