package traffic

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestDriverKeepsItsRate(t *testing.T) {
	server := redistest.New(t)
	driver := New(server.Addr)
	driver.SetRate(2000)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	told := 0
	begun, last := time.Now(), time.Time{}
	err := driver.Run(ctx, func(sent, acked time.Time, commands int64) {
		if sent.Before(begun) || sent.Before(last) || acked.Before(sent) {
			t.Errorf("told of a batch from %s to %s, after one until %s", sent, acked, last)
		}
		told, last = told+int(commands), acked
	})
	if err != nil {
		t.Fatal(err)
	}
	stats := server.Client().InfoMap(t.Context(), "stats").Item("Stats", "total_commands_processed")
	if stats == "" {
		t.Fatal("the server does not say how many commands it has processed")
	}
	got, err := strconv.Atoi(stats)
	if err != nil || got < 3000 || got > 4200 {
		t.Errorf("%s commands arrived in 2 s, want about 4000", stats)
	}
	if more := got - told; more < 0 || more > 500 {
		t.Errorf("told of %d commands, %d arrived", told, got)
	}
}
