package hpa

import "math"

// Metric is one entry of spec.metrics.
type Metric struct {
	Name string
	// Target is in thousandths.
	Target int64
	// Average means that the target is an AverageValue rather than a Value.
	Average bool
}

// tolerance is by how much the ratio of value and target may differ from 1 without
// a change of replicas.
type tolerance struct {
	up, down float64
	// distance is the form before Kubernetes 1.33, which rounds differently if a ratio
	// lies on the bound.
	distance bool
}

func (t tolerance) covers(ratio float64) bool {
	if t.distance {
		return math.Abs(1-ratio) <= t.up
	}
	return 1-t.down <= ratio && ratio <= 1+t.up
}

// evaluate returns what the metrics together ask for: the highest proposal. While one
// is unknown, a proposal below the current replicas does not count.
func (a *Autoscaler) evaluate(o Observation, decision *Decision) (recommendation int32, known bool) {
	unknown := 0
	for i, metric := range a.metrics {
		proposal := metric.propose(o, o.Values[i], a.tolerance)
		decision.Proposals = append(decision.Proposals, proposal)
		switch {
		case proposal.Unknown:
			unknown++
		case recommendation == 0 || proposal.Replicas > recommendation:
			recommendation = proposal.Replicas
		}
	}
	if unknown == len(a.metrics) || unknown > 0 && recommendation < o.Replicas {
		return 0, false
	}
	return max(recommendation, 0), true
}

func (m Metric) propose(o Observation, value Value, tolerance tolerance) Proposal {
	if value.Unknown {
		return Proposal{Unknown: true}
	}
	ratio := float64(value.Milli) / float64(m.Target)
	switch {
	case m.Average:
		if tolerance.covers(float64(value.Milli) / (float64(m.Target) * float64(o.StatusReplicas))) {
			return Proposal{Replicas: o.StatusReplicas}
		}
		return Proposal{Replicas: int32(math.Ceil(ratio))}
	case o.Replicas == 0:
		return Proposal{Replicas: int32(math.Ceil(ratio))}
	case tolerance.covers(ratio):
		return Proposal{Replicas: o.Replicas}
	case o.Pods == 0:
		return Proposal{Unknown: true}
	}
	replicas := ratio * float64(o.ReadyPods)
	return Proposal{Replicas: int32(math.Ceil(min(replicas, math.MaxInt32)))}
}
