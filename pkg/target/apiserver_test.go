package target_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

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
	// pipes lead to it: time in a synctest bubble stands still while a real connection is read.
	pipes pipes
	// streams reports whether it sends initial events in a watch, or refuses to, as an old one does.
	streams bool

	mu      sync.Mutex
	version int
	oldest  int // watches from before this version are refused as expired
	objects map[types.NamespacedName]*v1alpha1.Redis
	events  []event
	changed chan struct{} // closed at each change
	cut     chan struct{} // closed to end the watches
	silent  chan struct{} // closed to let the watches say nothing more
	lost    bool          // no request is answered
	lists   int           // how often the objects were listed, streamed or not
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
		changed: make(chan struct{}), cut: make(chan struct{}), silent: make(chan struct{}),
	}
	s.pipes = newPipes()
	s.http = httptest.NewUnstartedServer(s)
	s.http.Listener.Close()
	s.http.Listener = s.pipes
	s.http.Start()
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

func (s *apiServer) client() rest.Interface {
	s.t.Helper()
	client, err := target.NewClient(&rest.Config{Host: s.http.URL, QPS: -1, Dial: s.pipes.dial})
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

// silence lets the watches of this moment say nothing more, without an end.
func (s *apiServer) silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.silent)
	s.silent = make(chan struct{})
}

// lose answers no request from now on, or each again.
func (s *apiServer) lose(lost bool) {
	s.mu.Lock()
	s.lost = lost
	s.mu.Unlock()
	s.silence()
}

// away makes changes while nobody watches, and forgets the events: the next
// watch fails because it comes too late.
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
	s.mu.Lock()
	lost := s.lost
	if query.Get("watch") == "" || initial && s.streams {
		s.lists++
	}
	s.mu.Unlock()
	switch {
	case lost:
		<-r.Context().Done()
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
	cut, silent, sent := s.cut, s.silent, from
	var first []event
	if initial {
		for _, o := range slices.Collect(maps.Values(s.objects)) {
			first = append(first, event{s.version, "ADDED", o})
		}
		end := bookmark(s.version)
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		first = append(first, event{s.version, "BOOKMARK", end})
		sent = s.version
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	for {
		select {
		case <-silent:
			<-r.Context().Done()
			return
		default:
		}
		for _, e := range first {
			_ = json.NewEncoder(w).Encode(map[string]any{"type": e.kind, "object": e.object})
			sent = max(sent, e.version)
		}
		first = nil
		w.(http.Flusher).Flush()
		s.mu.Lock()
		changed := s.changed
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
		case <-time.After(time.Minute):
			first = []event{{sent, "BOOKMARK", bookmark(sent)}}
		case <-r.Context().Done():
			return
		}
	}
}

// bookmark is an object that carries nothing but a version.
func bookmark(version int) *v1alpha1.Redis {
	o := redis("", "", "", 0)
	o.ResourceVersion = strconv.Itoa(version)
	return o
}

// pipes is a listener within this process.
type pipes struct {
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

func newPipes() pipes {
	p := pipes{conns: make(chan net.Conn)}
	p.closed, p.close = context.WithCancel(context.Background())
	return p
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed.Done():
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	p.close()
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 6443} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
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
