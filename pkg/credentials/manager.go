package credentials

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Manager holds the credentials of targets, and reads them while Run runs.
type Manager struct {
	client  rest.Interface
	account types.NamespacedName
	without *Credentials
	guarded func() bool
	queue   workqueue.TypedDelayingInterface[name]
	limit   *rate.Limiter
	logging rate.Sometimes

	mu        sync.Mutex
	entries   map[holder]*entry
	documents map[name]*object
}

// holder is a party of a target, by its ID.
type holder struct {
	id    string
	party target.Party
}

// entry is a party of a target, and the credentials made from its objects.
type entry struct {
	target     *target.Target
	access     target.Access
	references []target.Reference
	documents  []*object // of references, in their order

	mu          sync.Mutex
	seen        []*content // that the rest was made of
	credentials *Credentials
	err         *reason.Error
}

// New returns a Manager without targets. The client reads objects of the core group,
// and must not limit the rate itself. account is the ServiceAccount that the adapter
// runs as, to which the advice says to grant rights.
func New(client rest.Interface, account types.NamespacedName) *Manager {
	return &Manager{
		client: client, account: account, without: &Credentials{},
		guarded:   func() bool { return true },
		queue:     workqueue.NewTypedDelayingQueue[name](),
		limit:     rate.NewLimiter(readsPerSecond, readsPerSecond),
		logging:   rate.Sometimes{Interval: failureLogGap},
		entries:   map[holder]*entry{},
		documents: map[name]*object{},
	}
}

// Require makes the Manager read Secrets only while guarded reports that the API server
// checks whether authors may get them. Call it before Run.
func (k *Manager) Require(guarded func() bool) { k.guarded = guarded }

// Set begins to read what a target names, unless it is read already.
func (k *Manager) Set(t *target.Target) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, party := range []target.Party{target.Servers, target.Sentinels} {
		k.set(t, party)
	}
}

func (k *Manager) set(t *target.Target, party target.Party) {
	of, access := holder{t.ID(), party}, t.Of(party)
	if access == (target.Access{}) || k.entries[of] != nil {
		return
	}
	e := &entry{target: t, access: access, references: access.References()}
	for _, r := range e.references {
		n := nameOf(t, r)
		d := k.documents[n]
		if d == nil {
			d = newObject()
			k.documents[n] = d
			k.queue.Add(n)
		}
		d.users++
		e.documents = append(e.documents, d)
	}
	k.entries[of] = e
}

// Remove forgets a target, and what no other one names.
func (k *Manager) Remove(t *target.Target) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, party := range []target.Party{target.Servers, target.Sentinels} {
		e := k.entries[holder{t.ID(), party}]
		if e == nil {
			continue
		}
		delete(k.entries, holder{t.ID(), party})
		for n, d := range e.documents {
			if d.users--; d.users == 0 {
				delete(k.documents, nameOf(t, e.references[n]))
			}
		}
	}
}

// Get returns the newest credentials for a party of a target, and the same pointer while
// they are unchanged, or a *reason.Error. It answers from memory once all that the target
// names has been read. Until then it waits, at most until ctx ends.
func (k *Manager) Get(ctx context.Context, t *target.Target, party target.Party) (*Credentials, error) {
	if t.Of(party) == (target.Access{}) {
		return k.without, nil
	}
	e := k.entry(t, party)
	if e == nil {
		return nil, reason.Explained(reason.SecretUnavailable, "the Secrets and ConfigMaps that the object names could not be read yet", "")
	}
	for n, d := range e.documents {
		select {
		case <-d.first:
		case <-ctx.Done():
			return nil, unavailable.failure(e.references[n], t.Namespace)
		}
	}
	c, err := e.compile(k.account)
	switch {
	case err != nil:
		return nil, err
	case !c.expires.IsZero() && time.Now().After(c.expires):
		return nil, expired(e.access)
	}
	return c, nil
}

func (k *Manager) entry(t *target.Target, party target.Party) *entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.entries[holder{t.ID(), party}]
}

// ReportRejected records that the newest credentials for a party of a target did not work,
// so they are read again soon.
func (k *Manager) ReportRejected(t *target.Target, party target.Party) {
	e := k.entry(t, party)
	if e == nil {
		return
	}
	for n, d := range e.documents {
		if after, again := d.reportRejected(time.Now()); again {
			k.queue.AddAfter(nameOf(t, e.references[n]), after)
		}
	}
}

// compile makes credentials from the objects, again if they have changed.
func (e *entry) compile(account types.NamespacedName) (*Credentials, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := make([]*content, len(e.documents))
	for n, d := range e.documents {
		now[n] = d.current.Load()
	}
	if e.credentials == nil && e.err == nil || !slices.Equal(now, e.seen) {
		e.seen, e.credentials = now, nil
		if e.err = e.problems(account); e.err == nil {
			read := values{}
			for i, c := range e.seen {
				read[e.references[i].Field] = c
			}
			e.credentials, e.err = compile(e.access, read)
		}
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.credentials, nil
}

// problems describes the first object that could not be read, and how to grant
// the right to all those that are forbidden.
func (e *entry) problems(account types.NamespacedName) *reason.Error {
	var first *reason.Error
	var grants []string
	for n, c := range e.seen {
		if c.problem == none {
			continue
		}
		command := grant(e.references[n], e.target.Namespace, account)
		if c.problem == forbidden && !slices.Contains(grants, command) {
			grants = append(grants, command)
		}
		if first == nil {
			first = c.problem.failure(e.references[n], e.target.Namespace)
		}
	}
	if first != nil && len(grants) > 0 {
		advice := strings.TrimSpace(first.Advice() + " Somebody who may read it can grant the adapter the same right: " + strings.Join(grants, " && "))
		first = reason.Explained(first.Reason, first.Error(), advice)
	}
	return first
}
