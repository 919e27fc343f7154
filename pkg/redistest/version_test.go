package redistest

import "testing"

func TestAtLeastComparesVersionsOfOneFlavor(t *testing.T) {
	p := Program{Flavor: Redis, major: 8, minor: 6}
	for _, test := range []struct {
		flavor       Flavor
		major, minor int
		want         bool
	}{
		{Redis, 7, 9, true},
		{Redis, 8, 6, true},
		{Redis, 8, 7, false},
		{Redis, 9, 0, false},
		{Valkey, 7, 2, false},
	} {
		if got := p.AtLeast(test.flavor, test.major, test.minor); got != test.want {
			t.Errorf("AtLeast(%s, %d, %d) is %t, want %t", test.flavor, test.major, test.minor, got, test.want)
		}
	}
}
