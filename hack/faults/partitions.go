package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// authorizing is how much a SubjectAccessReview is delayed.
const authorizing = time.Second

// forMinutes is longer than a replica without news from the API server may serve metrics.
const forMinutes = 150 * time.Second

// silentWatch withholds the watch under way. Its connection stays, and a new watch would deliver changes.
func silentWatch() withheld { return withheld{matches: watches, begun: true} }

// partitions returns the rows of a replica without news from the API server, and of a control plane that works only
// partly.
func partitions() []Fault {
	const (
		cutOff = "proxy before the API server: withholds all requests and responses of one replica; edit of an object"
		silent = "proxy before the API server: withholds the responses to the watch of one replica; edit of an object"
		// Source: authorizedTTL in pkg/server/servingflags.go.
		remembered = "all, to clients whose rights were checked within the last 5 minutes"
	)
	deaf := func(f Fault, inject func(context.Context, *Subject, func()) error) Fault {
		f.Scope, f.Deaf, f.inject = Plane, true, inject
		f.Levels, f.Rates = verifier.Permits, verifier.Permits
		return f
	}
	return []Fault{
		deaf(Fault{
			Name: "a replica of the adapter cannot reach the API server", How: cutOff, Within: 3,
			Meanwhile: remembered + "; the replica acts on no edit",
		}, withheldFrom(withheld{matches: everything})),
		deaf(Fault{
			Name: "a replica of the adapter cannot reach the API server for minutes", How: cutOff, Within: 3, Lasts: forMinutes,
			Meanwhile: remembered + ", for 2 minutes; then an error",
		}, withheldFrom(withheld{matches: everything})),
		deaf(Fault{
			Name: "the watch of a replica is silent, without an error", How: silent, Within: 3,
			Meanwhile: "all; the replica acts on no edit",
		}, withheldFrom(silentWatch())),
		deaf(Fault{
			Name: "the watch of a replica is silent for minutes, without an error", How: silent, Within: 3, Lasts: forMinutes,
			Meanwhile: "all; the replica acts on an edit within 2 minutes",
		}, withheldFrom(silentWatch())),
		deaf(Fault{
			Name: "the watch of a replica ends, and what it missed is compacted (410 Gone)", How: "proxy before the API server: withholds and cuts the watch, and answers the next one with 410; edit of an object", Within: 5,
			Meanwhile: "all; the replica acts on no edit",
		}, compacted),
		{
			Name: "authorization is slow", How: "proxy before the API server: SubjectAccessReviews take a second more", Scope: Plane, Within: 2,
			Meanwhile: "all, the first time a second later", inject: authorizedSlowly,
		},
		{
			Name: "etcd is out of space", How: "alarm NOSPACE: each write is refused", Scope: Plane, Within: 2, inject: outOfSpace,
		},
		{
			Name: "two API servers go down one after the other", How: "a second one starts; the adapters go over to it; the first one restarts; the adapters go back; the second one stops", Scope: Plane,
			Levels: verifier.Permits, Rates: verifier.Permits, Within: 8, Relearns: true, Brief: true,
			Meanwhile: "all, by the API server that runs", inject: rolled,
		},
	}
}

// withheldFrom withholds something from the first replica, and edits an object
// meanwhile.
func withheldFrom(fault withheld) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error {
		lift := s.APIProxies[0].withhold(fault)
		err := s.Objects.revise(ctx)
		hold()
		lift()
		return err
	}
}

func compacted(ctx context.Context, s *Subject, hold func()) error {
	proxy := s.APIProxies[0]
	lift := proxy.withhold(silentWatch())
	err := s.Objects.revise(ctx)
	hold()
	proxy.expired.Store(true)
	proxy.Cut()
	lift()
	return errors.Join(err, s.until(ctx, "the watch is refused", func(context.Context) bool { return !proxy.expired.Load() }))
}

// authorizedSlowly requests a metric of a new object, for which the adapter has cached no permission.
func authorizedSlowly(ctx context.Context, s *Subject, hold func()) error {
	const name = "asked-first"
	if err := s.Objects.create(ctx, name, At(s.Server.Addr)); err != nil {
		return err
	}
	lift := s.APIProxies[0].withhold(withheld{matches: authorizes, delay: authorizing})
	client, err := kubernetes.NewForConfig(verifier.AsAutoscaler(s.Plane.Config()))
	took := time.Duration(0)
	if err == nil {
		err = s.until(ctx, "the new object is sampled", func(ctx context.Context) bool {
			began := time.Now()
			err := client.Discovery().RESTClient().Get().AbsPath(s.Objects.path(name)).Do(ctx).Error()
			took = max(took, time.Since(began))
			return err == nil
		})
	}
	hold()
	lift()
	if err == nil && took < authorizing {
		err = fmt.Errorf("the first question took %s, so that authorization was not slow", took)
	}
	return errors.Join(err, s.Objects.delete(ctx, name))
}

// outOfSpace raises the alarm that etcd raises when its quota is exceeded.
func outOfSpace(ctx context.Context, s *Subject, hold func()) error {
	writes := func(ctx context.Context) error {
		return s.Objects.Label(ctx, Recreated, strconv.Itoa(rand.Int()))
	}
	err := s.alarm(ctx, "ACTIVATE")
	err = errors.Join(err, s.until(ctx, "writes are refused", func(ctx context.Context) bool {
		err := writes(ctx)
		return err != nil && strings.Contains(err.Error(), "space exceeded")
	}))
	hold()
	err = errors.Join(err, s.alarm(ctx, "DEACTIVATE"))
	return errors.Join(err, s.until(ctx, "writes are taken", func(ctx context.Context) bool { return writes(ctx) == nil }))
}

func (s *Subject) alarm(ctx context.Context, action string) error {
	at := ""
	for _, argument := range s.Plane.Process(cluster.Etcd).Args() {
		if url, is := strings.CutPrefix(argument, "--advertise-client-urls="); is {
			at = url
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/v3/maintenance/alarm", bytes.NewBufferString(`{"action":"`+action+`","alarm":"NOSPACE"}`))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s of the alarm: %s: %s", action, response.Status, text)
	}
	return nil
}

// rolled restarts the API server while a second one runs, through which metrics must be served all the
// time.
func rolled(ctx context.Context, s *Subject, hold func()) error {
	hold()
	second, host, err := s.Plane.StartAPIServer(ctx, "kube-apiserver-1")
	if err != nil {
		return err
	}
	defer func() { _ = second.Stop() }()
	config := s.Plane.Config()
	config.Host = host
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ask := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return client.Discovery().RESTClient().Get().AbsPath(s.Objects.path(Recreated)).MaxRetries(0).Do(ctx).Error()
	}
	err = s.until(ctx, "the second API server serves metrics", func(ctx context.Context) bool { return ask(ctx) == nil })
	err = errors.Join(err, s.APIProxies[0].Point(host), s.APIProxies[1].Point(host))
	failed := error(nil)
	stop := verifier.Background(ctx, func(ctx context.Context) {
		verifier.Paced(ctx, 100*time.Millisecond, func(int) {
			if err := ask(ctx); err != nil && ctx.Err() == nil {
				failed = err
			}
		})
	})
	err = errors.Join(err, apiServer(s).Restart(ctx))
	stop()
	if failed != nil && !s.Verifier.Stood(verifier.Span{From: time.Now().Add(-repairWithin), To: time.Now()}) {
		s.Verifier.Violate(fmt.Sprintf("a metric was not served by the API server that ran while another one restarted: %v", failed))
	}
	return errors.Join(err, s.APIProxies[0].Point(s.Plane.Config().Host), s.APIProxies[1].Point(s.Plane.Config().Host))
}
