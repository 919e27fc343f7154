package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func testWrite() write {
	clients := int64(3)
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	return write{
		name: types.NamespacedName{Namespace: "ns", Name: "r"},
		uid:  "uid-1",
		status: &v1alpha1.RedisStatus{
			ObservedGeneration: 4,
			Conditions:         []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Sampled", Message: "m", ObservedGeneration: 4, LastTransitionTime: at}},
			Nodes:              []v1alpha1.NodeStatus{{Address: "r:6379", Role: "primary", Version: "8.0.0", LastSampleTime: &at}},
			Summary:            &v1alpha1.Summary{SampleTime: at, RequestsPerSecond: "1.5", ConnectedClients: &clients},
		},
	}
}

// applyTo applies testWrite to a server that answers so.
func applyTo(t *testing.T, handler http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	client, err := target.NewClient(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return applyStatus(t.Context(), client, testWrite())
}

func TestApplyRequest(t *testing.T) {
	const want = `{
		"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis",
		"metadata": {"namespace": "ns", "name": "r", "uid": "uid-1"},
		"status": {
			"observedGeneration": 4,
			"conditions": [{"type": "Ready", "status": "True", "reason": "Sampled", "message": "m", "observedGeneration": 4, "lastTransitionTime": "2026-01-02T03:04:05Z"}],
			"nodes": [{"address": "r:6379", "role": "primary", "version": "8.0.0", "lastSampleTime": "2026-01-02T03:04:05Z"}],
			"summary": {"sampleTime": "2026-01-02T03:04:05Z", "requestsPerSecond": "1.5", "connectedClients": 3}
		}
	}`
	err := applyTo(t, func(answer http.ResponseWriter, request *http.Request) {
		if got := request.Method + " " + request.URL.Path; got != "PATCH /apis/redis-metrics.dev/v1alpha1/namespaces/ns/redises/r/status" {
			t.Errorf("request is %s", got)
		}
		if got := request.URL.Query().Encode(); got != "fieldManager=redis-metrics-adapter&force=true" {
			t.Errorf("query is %s", got)
		}
		if got := request.Header.Get("Content-Type"); got != "application/apply-patch+yaml" {
			t.Errorf("content type is %s", got)
		}
		body, _ := io.ReadAll(request.Body)
		if !sameJSON(t, string(body), want) {
			t.Errorf("body is %s", body)
		}
		answer.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(answer, `{"metadata":{"uid":"uid-1"}}`)
	})
	if err != nil {
		t.Error(err)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

func TestApplyErrors(t *testing.T) {
	for name, test := range map[string]struct {
		code   int
		answer string
		gone   bool
	}{
		"not found":      {404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`, true},
		"conflict":       {409, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409}`, true},
		"another object": {200, `{"metadata":{"uid":"uid-2"}}`, true},
		"forbidden":      {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, false},
		"busy":           {429, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429}`, false},
		"broken":         {500, `oops`, false},
		"no JSON":        {200, `oops`, false},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			err := applyTo(t, func(answer http.ResponseWriter, _ *http.Request) {
				requests++
				answer.Header().Set("Content-Type", "application/json")
				answer.Header().Set("Retry-After", "7")
				answer.WriteHeader(test.code)
				_, _ = io.WriteString(answer, test.answer)
			})
			if err == nil || isGone(err) != test.gone || requests != 1 {
				t.Errorf("error %v after %d requests, gone %t", err, requests, isGone(err))
			}
			if wait := retryAfter(firstRetry, err); test.code == 429 && wait < 7*time.Second {
				t.Errorf("the next try is after %s", wait)
			}
		})
	}
}

func TestLoggableHidesTheObject(t *testing.T) {
	err := applyTo(t, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprint(answer, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"Invalid value: r:6379"}`)
	})
	if err == nil || strings.Contains(loggable(err).Error(), "r:6379") {
		t.Errorf("logs say %v", loggable(err))
	}
}
