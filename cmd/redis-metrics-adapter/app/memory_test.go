package app

import "testing"

func TestGarbageIsCollectedSecondsApart(t *testing.T) {
	const mega = 1 << 20
	for _, test := range []struct {
		name       string
		live, made uint64
		want       int
	}{
		{"nothing was collected yet", 0, 100 * mega, 300},
		{"idle", 15 * mega, 0, 60},
		{"10,000 objects are sampled", 160 * mega, 17 * mega, 60},
		{"and asked for by an autoscaler each", 160 * mega, 37 * mega, 80},
		{"and asked for as fast as can be", 160 * mega, 80 * mega, 200},
		{"few are asked for as fast as can be", 15 * mega, 110 * mega, 300},
		{"far too much to count", 32 * mega, 1 << 50, 300},
	} {
		if got := gcPercent(test.live, test.made); got != test.want {
			t.Errorf("%s: memory may grow by %d %%, want %d %%", test.name, got, test.want)
		}
	}
}
