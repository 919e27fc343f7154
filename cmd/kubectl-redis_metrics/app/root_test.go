package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestControlSequencesAreEscaped checks that people who may write an HPA cannot control the terminal of whoever reads it.
func TestControlSequencesAreEscaped(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	const hpas = `{"items":[{"metadata":{"namespace":"shop","name":"app"},"spec":{"maxReplicas":5,
		"scaleTargetRef":{"apiVersion":"apps/v1","kind":"\u001b[2J","name":"app"},"metrics":[{"type":"Object","object":{
			"describedObject":{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","name":"cart"},
			"metric":{"name":"requests-per-second"},"target":{"type":"Value","value":"500"}}}]}}]}`
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/horizontalpodautoscalers"):
			_, _ = io.WriteString(w, hpas)
		case strings.HasSuffix(r.URL.Path, "/redises/cart"):
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"\u001b[2J","code":400}`)
		default:
			_, _ = io.WriteString(w, `{"kind":"List","apiVersion":"v1","items":[]}`)
		}
	}))
	defer api.Close()
	for _, command := range []string{"top", "top -o wide", "top -o yaml", "top -o json", "explain keys redis/cart", "doctor hpa/app", "doctor hpa/app -o json"} {
		t.Run(command, func(t *testing.T) {
			var out bytes.Buffer
			Main(t.Context(), append(strings.Fields(command), "-n", "shop", "--server", api.URL), "test",
				genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out})
			if !strings.Contains(out.String(), "[2J") || strings.Contains(out.String(), "\x1b") {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}
