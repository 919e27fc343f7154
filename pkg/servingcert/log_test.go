package servingcert

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
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

// TestNoLogHoldsAKey makes a Secret and reads it again at the highest verbosity.
func TestNoLogHoldsAKey(t *testing.T) {
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
	secret := &corev1.Secret{TypeMeta: metav1.TypeMeta{Kind: "Secret", APIVersion: "v1"}, ObjectMeta: metav1.ObjectMeta{Name: "adapter-tls"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPut {
			secret.Data = map[string][]byte{"tls.key": []byte("PRIVATE KEY")}
		}
		_ = json.NewEncoder(w).Encode(secret)
	}))
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	m := New(Config{Client: client, SecretName: "adapter-tls", Registration: newCluster(t).registration()})
	if err := m.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	bodies := func() bool {
		klog.Flush()
		return strings.Contains(log.String(), "Request Body") || strings.Contains(log.String(), "Response Body")
	}
	if bodies() || !strings.Contains(log.String(), "Serving a new certificate") {
		t.Errorf("the log holds bodies of requests, or nothing at all:\n%s", log)
	}
	// The way that must not be taken shows that the log is what is looked at.
	_, _ = client.CoreV1().Secrets(testNamespace).Get(t.Context(), "adapter-tls", metav1.GetOptions{})
	if !bodies() {
		t.Error("a body that is logged does not show in the log")
	}
}
