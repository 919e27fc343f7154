package status

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Index tells which targets exist. *target.Index implements it.
type Index interface {
	Get(name types.NamespacedName) (*target.Target, bool)
	Select(namespace string, selector labels.Selector) []*target.Target
}

// Store holds what was sampled of each target. *history.Store implements it.
type Store interface {
	Get(id string) *history.History
}

// Config is what a Writer works with. All fields are required.
type Config struct {
	// Client writes Redis objects; see the package on its QPS.
	Client rest.Interface
	// Events takes the Events.
	Events record.EventRecorder
	// Index tells which targets exist.
	Index Index
	// Histories holds their samples.
	Histories Store
	// Catalog computes the numbers of the summary.
	Catalog *catalog.Catalog
	// Answers is asked about expressions and fallbacks.
	Answers Answers
	// ReasonOf returns the reason of a failed attempt, in the form of a condition's
	// reason. For an error whose text must not be shown it returns "".
	ReasonOf func(error) string
	// Foreign names the APIServices of the metrics that belong to another Service.
	Foreign func() []string
}

// Writer writes the status of Redis objects while Run runs.
type Writer struct {
	cfg     Config
	numbers numbers
	apply   func(ctx context.Context, w write) error

	leading atomic.Bool
	running sync.Mutex // held by Run

	mu    sync.Mutex
	inbox []types.NamespacedName
	// current holds the targets of the objects that need no look as long as their status
	// shows what is known of them, and a sample is current if it says so.
	current map[types.NamespacedName]*freshness
	wake    chan struct{}
}

// New returns a Writer that is idle until Run.
func New(cfg Config) (*Writer, error) {
	if cfg.Client == nil || cfg.Events == nil || cfg.Index == nil || cfg.Histories == nil || cfg.Catalog == nil || cfg.Answers == nil || cfg.ReasonOf == nil || cfg.Foreign == nil {
		return nil, errors.New("status: a field of Config is not set")
	}
	n, err := newNumbers(cfg.Catalog)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	w := &Writer{cfg: cfg, numbers: n, wake: make(chan struct{}, 1)}
	w.apply = func(ctx context.Context, one write) error { return applyStatus(ctx, cfg.Client, one) }
	return w, nil
}

// Notify says that the object of a target has changed.
func (w *Writer) Notify(t *target.Target) {
	if w.leading.Load() {
		w.post(t.NamespacedName)
	}
}

func (w *Writer) post(names ...types.NamespacedName) {
	w.mu.Lock()
	w.inbox = append(w.inbox, names...)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Writer) collect() []types.NamespacedName {
	w.mu.Lock()
	defer w.mu.Unlock()
	collected := w.inbox
	w.inbox = nil
	return collected
}

// reset forgets what a time in the lead before left behind.
func (w *Writer) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inbox, w.current = nil, map[types.NamespacedName]*freshness{}
}

// Run looks at every target once, then at those it is notified of, and writes,
// until ctx ends and the last request is over.
func (w *Writer) Run(ctx context.Context) {
	w.running.Lock()
	defer w.running.Unlock()
	if ctx.Err() != nil {
		return
	}
	w.reset()
	defer w.reset()
	w.leading.Store(true)
	defer w.leading.Store(false)
	all := w.cfg.Index.Select("", labels.Everything())
	names := make([]types.NamespacedName, len(all))
	for n, t := range all {
		names[n] = t.NamespacedName
	}
	w.post(names...)
	newController(w).run(ctx)
}
