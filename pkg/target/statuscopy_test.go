package target

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// decoded is an object with a status no part of which is in the memory of another's.
func decoded() *v1alpha1.Redis {
	own := strings.Clone
	return &v1alpha1.Redis{Status: v1alpha1.RedisStatus{
		ObservedGeneration: 3,
		Conditions: []metav1.Condition{{
			Type: own("Ready"), Status: metav1.ConditionStatus(own("True")), ObservedGeneration: 3, Reason: own("Sampled"), Message: own("Metrics are served."),
		}, {Type: own("Reachable"), Status: metav1.ConditionStatus(own("True")), Reason: own("Answered"), Message: own("The last attempt to sample the server succeeded.")}},
		Nodes:   []v1alpha1.NodeStatus{{Address: own("r.shop.svc:6379"), Role: own("primary"), Server: own("Redis"), Version: own("8.0.0"), LastError: own("reset")}},
		Summary: &v1alpha1.Summary{RequestsPerSecond: own("12")},
	}}
}

func TestStatusIsKeptWithoutItsObject(t *testing.T) {
	object := decoded()
	kept := statusOf(object)
	if want := decoded().Status; !reflect.DeepEqual(*kept, want) {
		t.Errorf("kept %+v, want %+v", *kept, want)
	}
	object.Status.Conditions[0].Reason, object.Status.Nodes[0].Role = "Changed", "replica"
	if kept.Conditions[0].Reason != "Sampled" || kept.Nodes[0].Role != "primary" {
		t.Errorf("what becomes of the object is kept: %+v", *kept)
	}
}

func TestWordsOfManyStatusesAreInMemoryOnce(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what nobody else has may be collected in between
	one, other := statusOf(decoded()), statusOf(decoded())
	for n := range one.Conditions {
		a, b := one.Conditions[n], other.Conditions[n]
		for what, pair := range map[string][2]string{
			"type": {a.Type, b.Type}, "status": {string(a.Status), string(b.Status)}, "reason": {a.Reason, b.Reason}, "message": {a.Message, b.Message},
			"role": {one.Nodes[0].Role, other.Nodes[0].Role}, "server": {one.Nodes[0].Server, other.Nodes[0].Server}, "version": {one.Nodes[0].Version, other.Nodes[0].Version},
		} {
			if unsafe.StringData(pair[0]) != unsafe.StringData(pair[1]) {
				t.Errorf("the %s %q is in memory twice", what, pair[0])
			}
		}
	}
}

// BenchmarkStatusOf shows how much memory the status of an object takes, as it was
// decoded and as it is kept. Each object has a server of its own.
func BenchmarkStatusOf(b *testing.B) {
	for name, keep := range map[string]func(*v1alpha1.Redis) *v1alpha1.RedisStatus{
		"decoded": func(o *v1alpha1.Redis) *v1alpha1.RedisStatus { status := o.Status; return &status },
		"kept":    statusOf,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				all := make([]*v1alpha1.RedisStatus, 10000)
				before := heapBytes()
				for i := range all {
					object := decoded()
					address := "redis-" + strconv.Itoa(i) + ".shop.svc:6379"
					object.Status.Endpoint, object.Status.Nodes[0].Address = strings.Clone(address), strings.Clone(address)
					all[i] = keep(object)
				}
				b.ReportMetric(float64(heapBytes()-before)/float64(len(all)), "B/object")
				runtime.KeepAlive(all)
			}
		})
	}
}

// heapBytes returns how much memory is in use.
func heapBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
