package target_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func seconds(n int) metav1.Duration {
	return metav1.Duration{Duration: time.Duration(n) * time.Second}
}

const patience = 60 * time.Second

// reservedName and otherReservedName are what no object may name a metric.
const reservedName, otherReservedName = "built-in", "other-built-in"

// following runs a Watcher until the test ends.
func following(t *testing.T, server *apiServer, with ...func(*target.Watcher)) (*target.Index, *sink, *target.Watcher) {
	t.Helper()
	index := &target.Index{}
	s := &sink{index: index, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	w := target.NewWatcher(ctx, server.client(), index, s, func(name string) bool { return name == reservedName || name == otherReservedName })
	for _, set := range with {
		set(w)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("Run goes on after its context has ended")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.told) > 0 {
			t.Errorf("the sink was told more: %v", s.told)
		}
	})
	return index, s, w
}

// eachWay runs a test against an API server that streams its lists and against one that does not.
func eachWay(t *testing.T, test func(t *testing.T, server *apiServer)) {
	for name, streams := range map[string]bool{"streamed": true, "listed": false} {
		t.Run(name, func(t *testing.T) { test(t, serving(t, streams)) })
	}
}

func TestObjectsThatExistAreAnnouncedBeforeSynced(t *testing.T) {
	eachWay(t, func(t *testing.T, server *apiServer) {
		server.put(redis("a", "one", "u1", 1))
		server.put(redis("b", "two", "u2", 4))
		index, s, w := following(t, server)
		deadline := time.NewTimer(patience)
		defer deadline.Stop()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for !w.Synced() {
			select {
			case <-tick.C:
			case <-deadline.C:
				t.Fatal("it never syncs")
			}
		}
		if got := len(index.Select("", labels.Everything())); got != 2 {
			t.Errorf("%d targets are known when Synced says so, want 2", got)
		}
		s.mu.Lock()
		slices.Sort(s.told)
		s.mu.Unlock()
		s.want(t, "set a/one u1/1", "set b/two u2/4")
	})
}

func TestChangesAreAnnouncedInOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, server *apiServer) {
		index, s, _ := following(t, server)
		name := types.NamespacedName{Namespace: "default", Name: "my-redis"}
		o := redis(name.Namespace, name.Name, "u1", 1)
		server.put(o)
		s.want(t, "set default/my-redis u1/1")

		// An edit of the spec is another generation.
		o.Generation, o.Spec.Database = 2, 7
		server.put(o)
		s.want(t, "remove default/my-redis u1/1", "set default/my-redis u1/2")
		if got, _ := index.Get(name); got.Database != 7 {
			t.Errorf("the index has database %d, want 7", got.Database)
		}

		// A change of labels is none.
		o.Labels = map[string]string{"app": "shop"}
		server.put(o)
		s.want(t, "set default/my-redis u1/2")
		if got := index.Select("default", labels.SelectorFromSet(o.Labels)); len(got) != 1 {
			t.Errorf("%d targets have the new label, want 1", len(got))
		}

		server.delete(o)
		s.want(t, "remove default/my-redis u1/2")
		if got, ok := index.Get(name); ok {
			t.Errorf("the index has %v after the deletion", got)
		}

		// The same name again is another object.
		server.put(redis(name.Namespace, name.Name, "u2", 1))
		s.want(t, "set default/my-redis u2/1")
	})
}

func TestChangesThatNobodyWatchedAreFound(t *testing.T) {
	eachWay(t, func(t *testing.T, server *apiServer) {
		index, s, _ := following(t, server)
		deleted := redis("default", "deleted", "u1", 1)
		server.put(deleted)
		s.want(t, "set default/deleted u1/1")
		recreated := redis("default", "recreated", "u2", 3)
		server.put(recreated)
		s.want(t, "set default/recreated u2/3")
		server.away(func() {
			server.delete(deleted)
			server.delete(recreated)
			server.put(redis("default", "recreated", "u3", 3))
		})
		// Nothing orders one object before the other.
		s.wantAnyOrder(t, "remove default/deleted u1/1", "remove default/recreated u2/3", "set default/recreated u3/3")
		if got := index.Select("", labels.Everything()); len(got) != 1 || got[0].UID != "u3" {
			t.Errorf("the index has %v, want only the new object", got)
		}
	})
}

func TestObjectThatTheSchemaShouldHaveRefusedHarmsNoOther(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(o *v1alpha1.Redis)
	}{
		{"no address", func(o *v1alpha1.Redis) { o.Spec.Address = "" }},
		{"no interval", func(o *v1alpha1.Redis) { o.Spec.Sampling.Interval = seconds(0) }},
		{"no timeout", func(o *v1alpha1.Redis) { o.Spec.Sampling.Timeout = seconds(0) }},
		{"no window", func(o *v1alpha1.Redis) { o.Spec.Sampling.Window = seconds(0) }},
		{"no maxAge", func(o *v1alpha1.Redis) { o.Spec.Sampling.MaxAge = seconds(0) }},
		{"no name of a Secret", func(o *v1alpha1.Redis) { o.Spec.Auth = &v1alpha1.Auth{} }},
		{"a path for a Secret", func(o *v1alpha1.Redis) {
			o.Spec.Auth = &v1alpha1.Auth{PasswordSecretRef: v1alpha1.PasswordReference{Name: "../../kube-system/secrets/x"}}
		}},
		{"a command for a key", func(o *v1alpha1.Redis) {
			o.Spec.Auth = &v1alpha1.Auth{PasswordSecretRef: v1alpha1.PasswordReference{Name: "a", Key: "$(reboot)"}}
		}},
		{"a user of two lines", func(o *v1alpha1.Redis) {
			o.Spec.Auth = &v1alpha1.Auth{Username: "a\r\nb", PasswordSecretRef: v1alpha1.PasswordReference{Name: "a"}}
		}},
		{"two authorities", func(o *v1alpha1.Redis) {
			o.Spec.TLS = &v1alpha1.TLS{CASecretRef: &v1alpha1.CAReference{Name: "a"}, CAConfigMapRef: &v1alpha1.CAReference{Name: "a"}}
		}},
		{"no name of a certificate", func(o *v1alpha1.Redis) {
			o.Spec.TLS = &v1alpha1.TLS{CertificateSecretRef: &v1alpha1.CertificateReference{}}
		}},
		{"negative interval", func(o *v1alpha1.Redis) { o.Spec.Sampling.Interval = seconds(-1) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := serving(t, true)
			index, s, _ := following(t, server)
			o := redis("default", "bad", "u1", 1)
			server.put(o)
			s.want(t, "set default/bad u1/1")
			o.Generation = 2
			tt.spoil(o)
			server.put(o)
			s.want(t, "remove default/bad u1/1")
			server.put(redis("default", "good", "u2", 1))
			s.want(t, "set default/good u2/1")
			if _, ok := index.Get(types.NamespacedName{Namespace: "default", Name: "bad"}); ok {
				t.Error("the index has an object that makes no target")
			}
			server.delete(o)
			server.put(redis("default", "better", "u3", 1))
			s.want(t, "set default/better u3/1")
		})
	}
}

func TestTargetIsWhatTheObjectSays(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("shop", "cart", "u1", 3)
	o.Labels = map[string]string{"tier": "cache"}
	o.Spec.Database = 9
	o.Spec.Sampling = v1alpha1.Sampling{Interval: seconds(2), Timeout: seconds(1), Window: seconds(8), MaxAge: seconds(6)}
	server.put(o)
	s.want(t, "set shop/cart u1/3")
	found, ok := index.Get(types.NamespacedName{Namespace: "shop", Name: "cart"})
	if !ok {
		t.Fatal("the index has no such target")
	}
	if found.Status == nil {
		t.Error("the target has no status")
	}
	got := *found
	got.Status = nil
	want := target.Target{
		NamespacedName: types.NamespacedName{Namespace: "shop", Name: "cart"},
		UID:            "u1", Generation: 3, Labels: labels.Set{"tier": "cache"},
		Address: "cart.shop.svc:6379", Database: 9,
		Interval: 2 * time.Second, Timeout: time.Second, Window: 8 * time.Second, MaxAge: 6 * time.Second,
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("the target is\n%+v, want\n%+v", got, want)
	}
}

func TestIndexSelectsByNamespaceAndLabels(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	for n, o := range []*v1alpha1.Redis{redis("a", "one", "u0", 1), redis("a", "two", "u1", 1), redis("b", "one", "u2", 1)} {
		o.Labels = map[string]string{"n": fmt.Sprint(n % 2), "ns": o.Namespace}
		server.put(o)
		s.want(t, fmt.Sprintf("set %s/%s u%d/1", o.Namespace, o.Name, n))
	}
	tests := []struct {
		namespace, selector string
		want                []string
	}{
		{"a", "", []string{"a/one", "a/two"}},
		{"b", "", []string{"b/one"}},
		{"", "", []string{"a/one", "a/two", "b/one"}},
		{"", "n=0", []string{"a/one", "b/one"}},
		{"a", "n=0", []string{"a/one"}},
		{"a", "ns=b", nil},
		{"c", "", nil},
		{"", "n in (0,1),ns!=b", []string{"a/one", "a/two"}},
		{"", "unknown", nil},
	}
	for _, tt := range tests {
		selector, err := labels.Parse(tt.selector)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, found := range index.Select(tt.namespace, selector) {
			got = append(got, found.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("Select(%q, %q) = %v, want %v", tt.namespace, tt.selector, got, tt.want)
		}
	}
}

func TestEmptyIndexKnowsNothing(t *testing.T) {
	var index target.Index
	if got, ok := index.Get(types.NamespacedName{Namespace: "a", Name: "b"}); ok || got != nil {
		t.Errorf("Get = %v, %v", got, ok)
	}
	if got := index.Select("", labels.Everything()); len(got) != 0 {
		t.Errorf("Select = %v", got)
	}
}
