package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// sharers are the objects that name one Secret.
	sharers = 1000
	// sharedName names the Secret, and the Role that lets the adapter get it; sharedUser is who it is the password of.
	sharedName, sharedUser = "shared", "sampling"
	// mostRotated is the time from one read of a Secret to the next, and the interval within which each object is sampled
	// with what was read.
	mostRotated = 36*time.Second + interval
)

// rotation measures what a new password in a Secret costs that 1,000 objects share, beyond their sampling.
func (h *harness) rotation() {
	h.b.Helper()
	server := newServer(h.b, "127.0.0.1", "--bind", "0.0.0.0")
	server.Do("acl", "setuser", sharedUser, "on", ">first", "-@all", "+info", "+echo", "+select", "+client|setname")
	check(h.b, h.apply(h.b.Context(), "secret.yaml", sharedName))
	h.share(server)
	h.awaitSharers(server, 0)
	before := h.scrape()
	cpu, took := h.beyondRest(h.adapter, measured/2, func() { h.rotate(server) })
	if failed, _ := samplesBetween(before, h.scrape()); failed > 0 {
		h.b.Fatalf("%.0f samples failed while a password was changed that the server takes beside the one before", failed)
	}
	h.Add("rotation of a Secret that 1,000 objects share, CPU for each", cpu.Seconds()/sharers*1e3, "ms")
	h.Add("rotation until all of them use what is new", took.Seconds(), "s").AtMost(mostRotated.Seconds())
}

// share has the first objects name one server, and one Secret for it.
func (h *harness) share(server *redistest.Server) {
	h.b.Helper()
	h.each(0, sharers, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"address": addressOf(server, n), "auth": map[string]any{
			"username": sharedUser, "passwordSecretRef": map[string]any{"name": sharedName, "key": "password"},
		}}})
		if err != nil {
			return err
		}
		_, err = client.Patch(ctx, objectName(n), types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
}

// rotate has the server take a second password, writes it into the Secret, and waits until every connection was made again.
func (h *harness) rotate(server *redistest.Server) {
	h.b.Helper()
	// A connection that is made now has a larger ID than those that there were.
	last, err := server.Dial().ClientID(h.b.Context()).Result()
	check(h.b, err)
	server.Do("acl", "setuser", sharedUser, ">second")
	_, err = h.client.CoreV1().Secrets(namespace).Patch(h.b.Context(), sharedName, types.MergePatchType, []byte(`{"stringData":{"password":"second"}}`), metav1.PatchOptions{})
	check(h.b, err)
	h.awaitSharers(server, last)
}

// awaitSharers returns when all objects have a connection that was made after the one with an ID, and none that was made
// before.
func (h *harness) awaitSharers(server *redistest.Server, last int64) {
	h.b.Helper()
	h.until(2*time.Minute, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		list, err := server.Client().ClientList(ctx).Result()
		if err != nil {
			return false, err
		}
		connected := 0
		for line := range strings.Lines(list) {
			if !strings.Contains(line, " user="+sharedUser+" ") {
				continue
			}
			var id int64
			if _, err := fmt.Sscanf(line, "id=%d ", &id); err != nil {
				return false, fmt.Errorf("CLIENT LIST: %w: %.40q", err, line)
			}
			if id <= last {
				return false, nil
			}
			connected++
		}
		return connected == sharers, nil
	})
}
