package poller

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
)

func job(state string) []any { return []any{"name", "a", "operation", "EXPORT", "state", state} }

func TestMigrating(t *testing.T) {
	reply := func(value any, err error) *redis.Cmd {
		cmd := redis.NewCmd(t.Context())
		cmd.SetVal(value)
		cmd.SetErr(err)
		return cmd
	}
	state := func(active, trims int) string {
		return fmt.Sprintf("cluster_state:ok\r\ncluster_slot_migration_active_tasks:%d\r\ncluster_slot_migration_active_trim_running:%d\r\n", active, trims)
	}
	for name, test := range map[string]struct {
		state string
		asked *redis.Cmd
		want  bool
		fails bool
	}{
		"a server that has none":         {state: "cluster_state:ok\r\n"},
		"Redis at rest":                  {state: state(0, 0)},
		"a task of Redis":                {state: state(1, 0), want: true},
		"a removal of Redis":             {state: state(0, 2), want: true},
		"Valkey at rest":                 {asked: reply([]any{}, nil)},
		"jobs of Valkey that have ended": {asked: reply([]any{job("success"), job("failed"), job("cancelled")}, nil)},
		"a job of Valkey":                {asked: reply([]any{job("success"), job("snapshotting")}, nil), want: true},
		"a job without a state":          {asked: reply([]any{[]any{"name", "a"}}, nil), want: true},
		"a reply of another form":        {asked: reply("OK", nil), want: true},
		"a user who may not ask":         {asked: reply(nil, errors.New("NOPERM no")), want: true, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := view{state: redis.NewStringCmd(t.Context()), migrations: test.asked}
			v.state.SetVal(test.state)
			known := &connection.Capabilities{Migrations: test.asked != nil}
			for range 2 { // a refusal stays though it is not asked for again
				got, err := v.migrating(known)
				if got != test.want || (err != nil) != test.fails {
					t.Errorf("migrating = %t, %v; want %t, an error: %t", got, err, test.want, test.fails)
				}
				if test.fails {
					v.migrations = nil
				}
			}
			if test.fails && known.Migrations {
				t.Error("it is asked again")
			}
		})
	}
}
