package target_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// apiServer lists and watches Redis objects as the API server does.
type apiServer struct {
	t    *testing.T
	http *httptest.Server
	// streams reports whether it sends initial events in a watch, or refuses to, as an old one does.
	streams bool

	mu      sync.Mutex
	version int
	oldest  int // watches from before this version are refused as expired
	objects map[types.NamespacedName]*v1alpha1.Redis
	events  []event
	changed chan struct{} // closed at each change
	cut     chan struct{} // closed to end the watches
}

type event struct {
	version int
	kind    string
	object  *v1alpha1.Redis
}

func serving(t *testing.T, streams bool) *apiServer {
	t.Helper()
	s := &apiServer{
		t: t, streams: streams, version: 1,
		objects: map[types.NamespacedName]*v1alpha1.Redis{},
		changed: make(chan struct{}), cut: make(chan struct{}),
	}
	s.http = httptest.NewServer(s)
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

func (s *apiServer) client() rest.Interface {
	s.t.Helper()
	client, err := target.NewClient(&rest.Config{Host: s.http.URL, QPS: -1})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// put stores an object and announces it. It is new if its UID is.
func (s *apiServer) put(o *v1alpha1.Redis) {
	s.change("", o)
}

func (s *apiServer) delete(o *v1alpha1.Redis) {
	s.change("DELETED", o)
}

func (s *apiServer) change(kind string, o *v1alpha1.Redis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	o = o.DeepCopy()
	o.ResourceVersion = strconv.Itoa(s.version)
	key := types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
	switch before := s.objects[key]; {
	case kind == "DELETED":
		delete(s.objects, key)
	case before != nil && before.UID == o.UID:
		kind = "MODIFIED"
		s.objects[key] = o
	default:
		kind = "ADDED"
		s.objects[key] = o
	}
	s.events = append(s.events, event{s.version, kind, o})
	close(s.changed)
	s.changed = make(chan struct{})
}

// away makes changes while nobody watches, and forgets the events: the next
// watch is told that it comes too late.
func (s *apiServer) away(changes func()) {
	s.mu.Lock()
	s.oldest = math.MaxInt // nobody may watch meanwhile
	close(s.cut)
	s.cut = make(chan struct{})
	s.mu.Unlock()
	changes()
	s.mu.Lock()
	s.events = nil
	s.version++
	s.oldest = s.version
	s.mu.Unlock()
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	query := r.URL.Query()
	if r.Method != http.MethodGet || r.URL.Path != "/apis/redis-metrics.dev/v1alpha1/redises" {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	initial := query.Get("sendInitialEvents") == "true"
	switch {
	case query.Get("watch") == "":
		s.list(w)
	case initial && !s.streams:
		refuse(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)
	default:
		from, _ := strconv.Atoi(query.Get("resourceVersion"))
		s.watch(w, r, from, initial)
	}
}

func refuse(w http.ResponseWriter, code int32, reason metav1.StatusReason) {
	w.WriteHeader(int(code))
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: "refused",
	})
}

func (s *apiServer) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := v1alpha1.RedisList{
		TypeMeta: metav1.TypeMeta{Kind: "RedisList", APIVersion: v1alpha1.GroupVersion().String()},
		ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(s.version)},
		Items:    []v1alpha1.Redis{},
	}
	for _, o := range s.objects {
		list.Items = append(list.Items, *o)
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request, from int, initial bool) {
	s.mu.Lock()
	if s.oldest > s.version || (!initial && from < s.oldest) {
		s.mu.Unlock()
		refuse(w, http.StatusGone, metav1.StatusReasonExpired)
		return
	}
	cut, sent := s.cut, from
	var first []event
	if initial {
		for _, o := range slices.Collect(maps.Values(s.objects)) {
			first = append(first, event{s.version, "ADDED", o})
		}
		end := redis("", "", "", 0)
		end.ResourceVersion = strconv.Itoa(s.version)
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		first = append(first, event{s.version, "BOOKMARK", end})
		sent = s.version
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	for {
		for _, e := range first {
			_ = json.NewEncoder(w).Encode(map[string]any{"type": e.kind, "object": e.object})
			sent = max(sent, e.version)
		}
		w.(http.Flusher).Flush()
		s.mu.Lock()
		changed := s.changed
		first = nil
		for _, e := range s.events {
			if e.version > sent {
				first = append(first, e)
			}
		}
		s.mu.Unlock()
		if len(first) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// redis is an object as the API server stores it, with the defaults of the schema.
func redis(namespace, name, uid string, generation int64) *v1alpha1.Redis {
	o := &v1alpha1.Redis{}
	o.TypeMeta = metav1.TypeMeta{Kind: v1alpha1.Kind, APIVersion: v1alpha1.GroupVersion().String()}
	o.Namespace, o.Name, o.UID, o.Generation = namespace, name, types.UID(uid), generation
	o.Spec.Address = fmt.Sprintf("%s.%s.svc:6379", name, namespace)
	o.Spec.Sampling = v1alpha1.Sampling{
		Interval: seconds(5), Timeout: seconds(1), Window: seconds(15), MaxAge: seconds(15),
	}
	return o
}
