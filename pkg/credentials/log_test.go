package credentials

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// logging takes down all that is logged at the highest verbosity.
func logging(t *testing.T) *lockedBuffer {
	t.Helper()
	t.Cleanup(klog.CaptureState().Restore)
	log := &lockedBuffer{}
	var flags flag.FlagSet
	klog.InitFlags(&flags)
	for name, value := range map[string]string{"v": "9", "logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	klog.SetOutput(log)
	return log
}

func TestNoLogHoldsASecret(t *testing.T) {
	const secret, broken = "sesame-open-7c1f", "broken-sesame-99"
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/broken") {
			_, _ = w.Write([]byte(`{"kind":"Secret","data":{"password":"` + broken + `"`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Secret", "apiVersion": "v1", "data": map[string]string{"password": encoded}})
	}))
	defer server.Close()
	log := logging(t)
	core, err := corev1.NewForConfig(&rest.Config{Host: server.URL, BearerToken: "token-of-the-adapter", QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	client := core.RESTClient()
	k := New(client, types.NamespacedName{Namespace: "monitoring", Name: "adapter"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(t.Context())
	}()
	t.Cleanup(func() { <-done })
	r, b := withPassword("r"), withPassword("b")
	b.Auth.Password.Name = "broken"
	k.Set(r)
	k.Set(b)
	want(t, k, r, secret)
	if text, advice := wantError(t, k, b, reason.SecretUnavailable); strings.Contains(text+advice, "sesame") {
		t.Errorf("the error is %s %s", text, advice)
	}
	klog.Flush()
	for _, held := range []string{secret, encoded, broken, "token-of-the-adapter"} {
		if strings.Contains(log.String(), held) {
			t.Errorf("the log holds %q:\n%s", held, log)
		}
	}
	if !strings.Contains(log.String(), "/secrets/my-redis-auth") {
		t.Errorf("requests are not logged at all, so that this test shows nothing:\n%s", log)
	}
	// The way that must not be taken shows that the log is what is looked at.
	_ = client.Get().Namespace("shop").Resource("secrets").Name("my-redis-auth").Do(t.Context())
	klog.Flush()
	if !strings.Contains(log.String(), encoded) {
		t.Error("an answer that is logged does not show in the log")
	}
}
