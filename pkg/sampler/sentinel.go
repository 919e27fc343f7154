package sampler

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sentinel is the primary that sentinels name, and its replicas where the object
// asks for them. The sentinels are asked in each attempt before it. Of several
// answers that of the highest configuration epoch counts, which is that of the
// newest failover; half of the sentinels must answer, so that one that is cut off
// from the others does not lead back to an old primary.
type sentinel struct {
	target    *target.Target
	sentinels []*watcher
	primary   string
	family
	// notRenewed is why a connection to a sentinel goes on with credentials that are
	// not the newest, nil if there is none.
	notRenewed error
}

// watcher is one sentinel.
type watcher struct {
	session
	// rests is for how many attempts more it is not asked, since it did not answer
	// and would hold up each of them.
	rests int
}

// restsFor is how many attempts leave out a sentinel that did not answer.
const restsFor = 10

func newSentinel(t *target.Target, by means) *sentinel {
	s := &sentinel{target: t}
	for _, address := range t.Sentinel.Addresses {
		s.sentinels = append(s.sentinels, &watcher{session: session{
			means: by, target: t, party: target.Sentinels, address: address, now: time.Now,
		}})
	}
	return s
}

// named is what a sentinel says of the primary.
type named struct {
	address string
	epoch   int64
	err     *Error
	// notRenewed is why the connection goes on with credentials that are not the newest.
	notRenewed error
}

func (s *sentinel) places(ctx context.Context) ([]place, error) {
	answers := s.ask(ctx)
	best, failure := named{}, (*Error)(nil)
	s.notRenewed = nil
	answered := 0
	for n, one := range answers {
		if one.err != nil && one.err.Reason != UnknownPrimary {
			failure = one.err
			continue
		}
		answered++
		s.sentinels[n].rests = 0
		if one.notRenewed != nil {
			s.notRenewed = one.notRenewed
		}
		if one.err != nil {
			failure = one.err
		} else if best.address == "" || one.epoch > best.epoch {
			best = one
		}
	}
	switch {
	case answered == 0 || 2*answered < len(answers):
		for _, one := range s.sentinels {
			one.rests = 0
		}
		if answered == 0 && (failure.OfCredentials() || failure.Reason == PermissionDenied || failure.Reason == AddressRefused) {
			return nil, failure.bySentinels()
		}
		return nil, &Error{Reason: SentinelUnavailable, cause: failure}
	case best.address == "":
		return nil, failure
	}
	if best.address != s.primary {
		s.primary, s.replicas = best.address, nil
	}
	return s.family.places(s.primary, question{declared: true}), nil
}

// ask asks the sentinels for half the time that is left, so that the primary can be asked then.
func (s *sentinel) ask(ctx context.Context) []named {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	answers := make([]named, len(s.sentinels))
	var asking sync.WaitGroup
	for n, one := range s.sentinels {
		asking.Go(func() { answers[n] = one.ask(ctx, s.target.Sentinel.MasterName) })
	}
	asking.Wait()
	return answers
}

func (s *sentinel) settle(asked []place, answers []outcome) (history.Sample, error) {
	if answers[0].err == nil && answers[0].Replica {
		// The sentinels are ahead of it, or it of them.
		return history.Sample{}, &Error{Reason: TopologyUnsettled}
	}
	sample, err := s.family.settle(s.target.Replicas, asked, answers)
	if err == nil && s.notRenewed != nil {
		sample.Nodes[0].NotRenewed = s.notRenewed
	}
	return sample, err
}

func (s *sentinel) close() {
	for _, one := range s.sentinels {
		one.close()
	}
}

// ask asks one sentinel for the primary of a name.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
func (w *watcher) ask(ctx context.Context, name string) named {
	if w.rests > 0 {
		w.rests--
		return named{err: &Error{Reason: SentinelUnavailable}}
	}
	w.rests = restsFor // until its answer is known
	var answer named
	ask := func(ctx context.Context, l *link) error {
		found, err := askMaster(ctx, l, name)
		if err == nil { // a renewal that fails leaves the answer that there is
			answer = found
		}
		return err
	}
	failure, notRenewed := w.do(ctx, ask, ask)
	if failure != nil {
		return named{err: failure}
	}
	if notRenewed != nil {
		answer.notRenewed = classify(notRenewed).bySentinels()
	}
	return answer
}

// askMaster asks for the epoch first. During a failover the leading sentinel has the
// new epoch under SENTINEL MASTER, where the address is still the old one; and should
// it change between both commands, the new address goes by the old epoch and not the reverse.
func askMaster(ctx context.Context, l *link, name string) (named, error) {
	pipe := l.client.Pipeline()
	state := pipe.Do(ctx, "sentinel", "master", name)
	place := pipe.Do(ctx, "sentinel", "get-master-addr-by-name", name)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return named{}, err
	}
	epoch, err := epochOf(state.Val())
	if err != nil {
		return named{}, err
	}
	address, err := primaryIn(place.Val())
	return named{address: address, epoch: epoch}, err
}

// primaryIn reads the host and port of a primary.
func primaryIn(reply any) (string, error) {
	pair, _ := reply.([]any)
	if len(pair) != 2 {
		return "", &Error{Reason: Protocol}
	}
	host, _ := pair[0].(string)
	text, _ := pair[1].(string)
	port, err := strconv.ParseUint(text, 10, 16)
	if !isHost(host) || err != nil || port == 0 {
		return "", &Error{Reason: Protocol}
	}
	return net.JoinHostPort(host, text), nil
}

// epochOf finds the configuration epoch among names and values of a primary.
func epochOf(reply any) (int64, error) {
	fields, _ := reply.([]any)
	for n := 0; n+1 < len(fields); n += 2 {
		if name, value := fields[n], fields[n+1]; name == "config-epoch" {
			text, _ := value.(string)
			if epoch, err := strconv.ParseInt(text, 10, 64); err == nil {
				return epoch, nil
			}
		}
	}
	return 0, &Error{Reason: Protocol}
}

// bySentinels is the same failure, of sentinels.
func (e *Error) bySentinels() *Error {
	return &Error{Reason: e.Reason, ofSentinels: true, cause: e.cause}
}

func (e *Error) textOfSentinels() string {
	if e.Reason == PermissionDenied {
		return "the server's ACL does not let this adapter call SENTINEL MASTER, SENTINEL GET-MASTER-ADDR-BY-NAME and CLIENT SETNAME"
	}
	text := (&Error{Reason: e.Reason, cause: e.cause}).Error()
	return strings.ReplaceAll(text, "spec.tls", "spec.sentinel.tls")
}
