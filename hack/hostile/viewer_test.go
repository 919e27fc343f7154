package hostile

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// viewers ask side by side, each for so many metrics without a pause, and again in the next second.
	viewers, burst = 4, 25
	// watchEvery is how often watches are begun, which end before the next.
	watchEvery = 5 * time.Second
)

const (
	viewerRequests = "requests of the viewer"
	viewerAnswers  = "requests of the viewer with the answer "
	viewerWatches  = "watches of the viewer"
)

type viewer struct {
	client rest.Interface
	did    *tally
}

func (v *viewer) read(ctx context.Context) {
	v.did.expect(viewerRequests, viewerAnswers+"200", viewerAnswers+"400", viewerAnswers+"403", viewerAnswers+"404")
	verifier.Paced(ctx, time.Second, func(second int) {
		var asking sync.WaitGroup
		for who := range viewers {
			asking.Go(func() {
				for n := range burst {
					v.ask(ctx, viewed((second*viewers+who)*burst+n))
				}
			})
		}
		asking.Wait()
	})
}

func (v *viewer) ask(ctx context.Context, uri string) {
	var code int
	_ = v.client.Get().RequestURI(uri).MaxRetries(0).Do(ctx).StatusCode(&code)
	if ctx.Err() != nil {
		return
	}
	v.did.count(viewerRequests, 1)
	v.did.count(fmt.Sprintf("%s%d", viewerAnswers, code), 1)
}

func metricPath(namespace, object, metric string) string {
	return fmt.Sprintf("/apis/custom.metrics.k8s.io/v1beta2/namespaces/%s/redises.redis-metrics.dev/%s/%s", namespace, object, metric)
}

// hugeSelector has 300 KB, and is sent once in a hundred requests, since the API server has to read it too.
var hugeSelector = url.Values{"metricLabelSelector": {strings.Repeat("!a,", 100_000) + "!a"}, "labelSelector": {strings.Repeat("!a,", 1000) + "!a"}}.Encode()

func viewed(n int) string {
	object := hostileName(n % tenantObjects)
	own := func(object, metric string) string { return metricPath(tenantNamespace, object, metric) }
	if n%100 == 99 {
		return own("*", "keys") + "?" + hugeSelector
	}
	switch n % 9 {
	case 0:
		return own(object, fmt.Sprintf("invented-%d-%s", n, strings.Repeat("x", 230)))
	case 1:
		return own(fmt.Sprintf("invented-%d", n), "keys")
	case 2:
		return own("*", requests)
	case 3:
		return own("*", fmt.Sprintf("invented-%d", n))
	case 4:
		return own("*", "keys") + "?labelSelector=" + url.QueryEscape(strings.Repeat("!a,", 60)+"b notin (c,d)")
	case 5:
		return own(object, requests) + "?" + url.Values{"metricLabelSelector": {strings.Repeat("!a,", 1000) + "!a"}}.Encode()
	case 6:
		return metricPath("*", "*", requests)
	case 7:
		return metricPath(healthyNamespace, fmt.Sprintf("healthy-%02d", n%healthyObjects), requests)
	}
	return own(object, requests) + "?watch=true&timeoutSeconds=1"
}

// watch begins watches of objects, and leaves them to end.
func (v *viewer) watch(ctx context.Context) {
	const list = "/apis/redis-metrics.dev/v1alpha1/namespaces/" + tenantNamespace + "/redises?watch=true&timeoutSeconds=4"
	v.did.expect(viewerWatches)
	verifier.Paced(ctx, watchEvery, func(int) {
		var watching sync.WaitGroup
		for range viewers {
			watching.Go(func() {
				body, err := v.client.Get().RequestURI(list).Stream(ctx)
				if err != nil {
					return
				}
				v.did.count(viewerWatches, 1)
				verifier.Sleep(ctx, watchEvery-time.Second) // unread
				_ = body.Close()
			})
		}
		watching.Wait()
	})
}
