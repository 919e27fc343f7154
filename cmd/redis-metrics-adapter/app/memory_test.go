package app

import "testing"

func TestGarbageIsCollectedSeldomWhereThereIsLittle(t *testing.T) {
	const mega = 1 << 20
	for live, want := range map[uint64]int{
		0: 80, 1 * mega: 400, 12 * mega: 200, 13 * mega: 180, 24 * mega: 100, 30 * mega: 80, 170 * mega: 80, 1 << 40: 80,
	} {
		if got := growthOf(live); got != want {
			t.Errorf("with %d MiB to keep memory may grow by %d %%, want %d %%", live/mega, got, want)
		}
	}
}
