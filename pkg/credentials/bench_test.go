package credentials

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// BenchmarkRotation replaces the password, the authorities and the client certificate that so many objects share, and has
// each of them ask for its credentials.
func BenchmarkRotation(b *testing.B) {
	a := redistest.NewAuthority(b)
	var certs, keys [2][]byte
	for n := range certs {
		certs[n], keys[n] = a.Issue(tomorrow())
	}
	for _, objects := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d objects", objects), func(b *testing.B) {
			k := New(nil, types.NamespacedName{})
			defer k.queue.ShutDown()
			var all []*target.Target
			for n := range objects {
				t := withPassword(fmt.Sprint("r", n))
				t.TLS = &target.TLS{CA: caReference(target.ConfigMap), Certificate: certificateReference()}
				all = append(all, t)
				k.Set(t)
			}
			b.ReportAllocs()
			for turn := 0; b.Loop(); turn++ {
				password := fmt.Sprint("password ", turn)
				for name, d := range k.documents {
					d.learn(newContent(map[string][]byte{
						"password": []byte(password), "ca.crt": a.PEM, "tls.crt": certs[turn%2], "tls.key": keys[turn%2],
						"turn": {byte(turn), byte(turn >> 8)}, // so that no document stays as it was
					}, name.keys))
					if name.kind == target.Secret && d.users != objects {
						b.Fatalf("%d targets name %s, want %d", d.users, name.name, objects)
					}
				}
				for _, t := range all {
					if c, err := k.Get(b.Context(), t, target.Servers); err != nil || c.Password != password {
						b.Fatalf("Get() = %v, %v", c, err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*objects), "µs/object")
		})
	}
}
