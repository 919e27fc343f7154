package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxConditions is how many conditions an object has at most.
const maxConditions = 5

// namedVerdict is a verdict, and the condition that it is about.
type namedVerdict struct {
	condition string
	verdict
}

// observation is what is known of a target at one instant, as its status should show
// it, without the numbers. One is made after each attempt and compared with the
// status; for a healthy object, neither allocates anything.
type observation struct {
	view
	target  *target.Target
	history *history.History
	// held means that Ready is kept as a leader before wrote it.
	held bool
	// judged are the conditions, the first count of them.
	judged [maxConditions]namedVerdict
	count  int
	// changes is when one of them changes by itself beside Ready, zero if none does.
	changes time.Time
}

// observe begins an observation, with a hint at another object on the same server if
// there is one. Its conditions are still to be judged.
func (w *Writer) observe(t *target.Target, h *history.History, hint string, now time.Time) observation {
	p := observation{target: t, history: h, view: look(t, h, w.cfg.ReasonOf, now)}
	if p.ready.status == metav1.ConditionTrue && hint != "" {
		p.ready.message += " " + hint
	}
	p.ready = routed(p.ready, w.cfg.Foreign())
	return p
}

// hold keeps Ready as a status says.
func (p *observation) hold(base *v1alpha1.RedisStatus) {
	ready := meta.FindStatusCondition(base.Conditions, v1alpha1.ConditionReady)
	p.ready = verdict{ready.Status, ready.Reason, ready.Message}
	p.held = true
}

// judge adds the conditions. While the status of a leader before is held, a metric
// that only waits for samples changes nothing.
func (w *Writer) judge(p *observation, base *v1alpha1.RedisStatus, now time.Time) {
	p.add(v1alpha1.ConditionReady, p.ready)
	p.add(v1alpha1.ConditionReachable, p.reachable)
	if valid, ok := metricsValid(p.target, p.history, w.cfg.Answers); ok {
		if before := meta.FindStatusCondition(base.Conditions, v1alpha1.ConditionMetricsValid); p.held && before != nil && valid.reason == reasonWarmingUp {
			valid = verdict{before.Status, before.Reason, before.Message}
		}
		p.add(v1alpha1.ConditionMetricsValid, valid)
	}
	if valid, ok := credentialsValid(p.target, p.history, p.view, w.cfg.ReasonOf); ok {
		p.add(v1alpha1.ConditionCredentialsValid, valid)
	}
	if p.target.FallsBack() {
		uses, changes := w.cfg.Answers.Fallbacks(p.target, now)
		p.add(v1alpha1.ConditionFallbackInUse, fallbackInUse(uses))
		p.changes = changes
	}
}

// add adds a condition: the one place by which all of them go.
func (p *observation) add(condition string, v verdict) {
	v.message = message(v.message)
	p.judged[p.count] = namedVerdict{condition, v}
	p.count++
}

// shownBy reports whether a status shows all of an observation that is written at once when it changes.
func (p *observation) shownBy(s *v1alpha1.RedisStatus, reasonOf func(error) string) bool {
	generation := p.target.Generation
	if s.ObservedGeneration != generation || len(s.Conditions) != p.count || s.Endpoint != endpoint(p.target) {
		return false
	}
	for n := range s.Conditions {
		shown, known := &s.Conditions[n], &p.judged[n]
		if shown.Type != known.condition || shown.Status != known.status || shown.Reason != known.reason ||
			shown.Message != known.message || shown.ObservedGeneration != generation {
			return false
		}
	}
	return p.keepsNodes(s) || nodesShownBy(s.Nodes, p.history, reasonOf)
}

// ofNodesAlone reports whether an observation is of an object whose metrics are served, and
// stays as it is while its rates are known and its nodes tell the same.
func (p *observation) ofNodesAlone() bool {
	return p.ready.reason == reasonSampled && p.failure == nil && !p.target.Declares() && !p.target.FallsBack()
}

// keepsNodes reports whether the nodes stay as a status says, since none was asked yet.
func (p *observation) keepsNodes(s *v1alpha1.RedisStatus) bool {
	return !p.attempted && s.ObservedGeneration == p.target.Generation
}
