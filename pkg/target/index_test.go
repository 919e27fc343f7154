package target

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

func TestIndexStaysInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var index Index
	known := map[string]*Target{}
	for range 3000 {
		name := types.NamespacedName{Namespace: string(rune('a' + random.IntN(3))), Name: "r" + strconv.Itoa(random.IntN(50))}
		if random.IntN(3) == 0 {
			if before := index.remove(name); before != known[name.String()] {
				t.Fatalf("%s removed as %v, want %v", name, before, known[name.String()])
			}
			delete(known, name.String())
		} else {
			one := &Target{NamespacedName: name}
			if before := index.set(one); before != known[name.String()] {
				t.Fatalf("%s replaces %v, want %v", name, before, known[name.String()])
			}
			known[name.String()] = one
		}
		if got, found := index.Get(name); got != known[name.String()] || found != (got != nil) {
			t.Fatalf("%s is %v, want %v", name, got, known[name.String()])
		}
		var want, got []*Target
		for _, name := range slices.Sorted(maps.Keys(known)) {
			want = append(want, known[name])
		}
		for _, namespace := range []string{"a", "b", "c"} {
			got = append(got, index.Select(namespace, labels.Everything())...)
		}
		if all := index.Select("", labels.Everything()); !slices.Equal(got, want) || !slices.Equal(all, want) {
			t.Fatalf("selected %v and %v, want %v", got, all, want)
		}
	}
}

// BenchmarkGet is what each sample of 10,000 objects pays to find its target.
func BenchmarkGet(b *testing.B) {
	var index Index
	names := make([]types.NamespacedName, 10000)
	for i := range names {
		names[i] = types.NamespacedName{Namespace: "bench", Name: "redis-" + strconv.Itoa(i)}
		index.set(&Target{NamespacedName: names[i]})
	}
	for i := 0; b.Loop(); i++ {
		index.Get(names[i*7919%len(names)])
	}
}
