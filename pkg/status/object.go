package status

import (
	"container/list"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// object is what the controller remembers of one Redis object.
type object struct {
	name types.NamespacedName
	uid  types.UID
	// id is that of the target; it changes with the spec.
	id string
	// first is when this round first looked at the object under this id.
	first time.Time
	// seenReady means that this round saw rates under this id.
	seenReady   bool
	transitions transitions

	// written is the last write as long as the watch does not show it, else nil.
	written *v1alpha1.RedisStatus
	// wroteAt is when a write last succeeded.
	wroteAt time.Time
	// hint says what other object reads the same server, empty for none.
	hint string
	// turn is when its namespace lets it be written, zero if it needed no write since the last.
	turn time.Time
	// inFlight means that a write waits for its answer; nothing else is done about the object then.
	inFlight bool
	// failures counts writes that failed since the last that succeeded; none goes out before retryAt.
	failures int
	retryAt  time.Time
	// successor is the object that took the name and was hit by a write to this one.
	successor types.UID

	// again is when to look again, or once fresh ends, nil for an object that is not up to date.
	again time.Time
	fresh *freshness
	// place is where the object stands in the heap of due objects.
	place int
	// queue is where the object waits to be written, nil if it does not, and ticket its place there.
	queue  *queue
	ticket *list.Element
}

func newObject(t *target.Target, now time.Time) *object {
	o := &object{name: t.NamespacedName, uid: t.UID, place: absent}
	o.follow(t, now)
	if t.Status != nil && t.Status.Summary != nil {
		// The leader before wrote about then, and its turn counts.
		if at := t.Status.Summary.SampleTime.Time; at.Before(now) {
			o.wroteAt = at
		}
	}
	return o
}

// follow begins again when the spec has changed.
func (o *object) follow(t *target.Target, now time.Time) {
	if o.id != t.ID() {
		o.id, o.first, o.seenReady, o.transitions = t.ID(), now, false, nil
	}
}

// next is when to look again although nobody notifies.
func (o *object) next() time.Time {
	if o.fresh == nil {
		return o.again
	}
	return o.fresh.before(o.again)
}

// base is the status that the API server holds, as far as this replica knows:
// the last write is newer than a watch that is behind it.
func (o *object) base(t *target.Target, now time.Time) *v1alpha1.RedisStatus {
	shown := t.Status
	if shown == nil {
		shown = &v1alpha1.RedisStatus{}
	}
	if o.written == nil {
		return shown
	}
	if now.Sub(o.wroteAt) > watchLag || equality.Semantic.DeepEqual(o.written, shown) {
		o.written = nil
		return shown
	}
	return o.written
}
