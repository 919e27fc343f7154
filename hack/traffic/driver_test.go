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
	if err := driver.Run(ctx); err != nil {
		t.Fatal(err)
	}
	stats := server.Client().InfoMap(t.Context(), "stats").Item("Stats", "total_commands_processed")
	if stats == "" {
		t.Fatal("the server does not say how many commands it has processed")
	}
	if got, err := strconv.Atoi(stats); err != nil || got < 3000 || got > 4200 {
		t.Errorf("%s commands arrived in 2 s, want about 4000", stats)
	}
}
