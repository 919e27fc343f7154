package target_test

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// bound is how long a silent API server is believed.
const bound = 2 * time.Minute

// inBubble runs a test on a fake clock, against an API server that streams its lists and against one that does not.
func inBubble(t *testing.T, test func(t *testing.T, server *apiServer)) {
	t.Helper()
	handlers := utilruntime.ErrorHandlers
	utilruntime.ErrorHandlers = nil // one of them sleeps since the last error of another clock
	t.Cleanup(func() { utilruntime.ErrorHandlers = handlers })
	for name, streams := range map[string]bool{"streamed": true, "listed": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, serving(t, streams)) })
		})
	}
}

func TestEditIsFoundThoughTheWatchIsSilent(t *testing.T) {
	inBubble(t, func(t *testing.T, server *apiServer) {
		server.put(redis("shop", "cart", "u1", 1))
		index, s, _ := following(t, server)
		s.want(t, "set shop/cart u1/1")
		for range 5 {
			server.silence()
			server.put(redis("shop", "cart", "u1", 2))
			<-time.After(bound)
			s.want(t, "remove shop/cart u1/1", "set shop/cart u1/2")
			server.silence()
			server.put(redis("shop", "cart", "u1", 1))
			<-time.After(bound)
			s.want(t, "remove shop/cart u1/2", "set shop/cart u1/1")
			if err := index.Current(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestBookmarksKeepAWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, server *apiServer) {
		index, _, _ := following(t, server)
		for range 60 {
			<-time.After(time.Minute)
			if err := index.Current(); err != nil {
				t.Fatal(err)
			}
		}
		if server.lists != 1 {
			t.Errorf("the objects were listed %d times within an hour, want once", server.lists)
		}
	})
}

func TestTargetsAreNotCurrentOnceTheAPIServerIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, server *apiServer) {
		server.put(redis("shop", "cart", "u1", 1))
		index, s, _ := following(t, server)
		s.want(t, "set shop/cart u1/1")
		synctest.Wait()
		server.lose(true)
		server.put(redis("shop", "cart", "u1", 2))
		<-time.After(bound)
		if err := index.Current(); err != nil {
			t.Errorf("after %s: %v", bound, err)
		}
		<-time.After(time.Second)
		if index.Current() == nil {
			t.Errorf("the targets are still current after more than %s", bound)
		}
		if _, ok := index.Get(types.NamespacedName{Namespace: "shop", Name: "cart"}); !ok {
			t.Error("the target is gone")
		}
		<-time.After(time.Hour)
		server.lose(false)
		<-time.After(bound)
		s.want(t, "remove shop/cart u1/1", "set shop/cart u1/2")
		if err := index.Current(); err != nil {
			t.Errorf("the API server is back: %v", err)
		}
	})
}
