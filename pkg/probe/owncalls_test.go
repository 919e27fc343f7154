package probe_test

import (
	"errors"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// TestRepliesOfCommandsThatTheServerExecuted gives the server's own words where it
// refuses a command, and what a script may end with.
func TestRepliesOfCommandsThatTheServerExecuted(t *testing.T) {
	list, script, function := probe.List("k"), probe.Script("return 1", nil, nil), probe.Function("f", nil, nil)
	for _, test := range []struct {
		probe *probe.Probe
		name  string
		reply string
		calls int64
		exact bool
	}{
		{list, "llen", "WRONGTYPE Operation against a key holding the wrong kind of value", 1, true},
		{list, "llen", "ERR anything else", 1, true},
		{list, "llen", "NOPERM User default has no permissions to run the 'llen' command", 0, true},
		{list, "llen", "NOAUTH Authentication required.", 0, true},
		{list, "llen", "LOADING Redis is loading the dataset in memory", 0, true},
		{list, "llen", "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", 0, true},
		{list, "llen", "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 0, true},
		{list, "llen", "OOM command not allowed when used memory > 'maxmemory'.", 0, true},
		{list, "llen", "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", 0, true},
		{list, "llen", "READONLY You can't write against a read only replica.", 0, true},
		{list, "llen", "NOREPLICAS Not enough good replicas to write.", 0, true},
		{list, "llen", "MOVED 3999 127.0.0.1:6381", 0, true},
		{list, "llen", "ASK 3999 127.0.0.1:6381", 0, true},
		{list, "llen", "CLUSTERDOWN Hash slot not served", 0, true},
		{list, "llen", "CROSSSLOT Keys in request don't hash to the same slot", 0, true},
		{list, "llen", "TRYAGAIN Multiple keys request during rehashing of slot", 0, true},
		{list, "llen", "ERR unknown command 'llen', with args beginning with: 'k' ", 0, true},
		{list, "llen", "ERR wrong number of arguments for 'llen' command", 0, true},

		{script, "eval_ro", "ERR user_script:1: of its own script: 0a1b, on @user_script:1.", 1, true},
		{script, "eval_ro", "MY own error", 1, true},
		{script, "eval_ro", "NOPERM User default has no permissions to run the 'eval_ro' command", 0, true},
		{script, "eval_ro", "NOPERM this user has no permissions to run the 'eval_ro' command", 0, true},
		{script, "eval_ro", "NOPERM User default has no permissions to access the 'k' key", 0, true},
		{script, "eval_ro", "NOPERM ACL failure in script: User default has no permissions to run the 'get' command", 1, true},
		{script, "eval_ro", "ERR unknown command 'EVAL_RO', with args beginning with: 'return 1' ", 0, true},
		{script, "eval_ro", "ERR unknown command `EVAL_RO`, with args beginning with: `return 1`, ", 0, true},
		{script, "eval_ro", "ERR unknown command of its own", 1, true},
		{script, "eval_ro", "ERR wrong number of arguments for 'eval_ro' command", 0, true},
		{script, "eval_ro", "ERR wrong number of arguments for 'llen' command", 1, true},
		{script, "eval_ro", "CROSSSLOT Keys in request don't hash to the same slot", 0, true},
		{script, "eval_ro", "MOVED on", 0, false},
		{script, "eval_ro", "MOVED 3999 127.0.0.1:6381", 0, false},
		{script, "eval_ro", "READONLY x", 0, false},
		{script, "eval_ro", "LOADING x", 0, false},
		{script, "eval_ro", "NOPERM of its own", 0, false},
		{script, "eval_ro", "READONLY You can't write against a read only replica. script: 0a1b, on @user_script:1.", 1, true},
		{function, "fcall_ro", "ERR Function not found", 1, true},
		{function, "fcall_ro", "NOPERM User default has no permissions to run the 'fcall_ro' command", 0, true},
		{function, "fcall_ro", "BUSY of its own", 0, false},
	} {
		run := running(test.probe)
		before := run.Own()
		attempt(t, run, false, errors.New(test.reply))
		if calls, exact := run.Own().Since(before, test.name); calls != test.calls || exact != test.exact {
			t.Errorf("%s: %d calls, exact %v; want %d, %v", test.reply, calls, exact, test.calls, test.exact)
		}
		if _, exact := run.Own().Since(before, "other"); !exact {
			t.Errorf("%s: the calls of another command are not exact", test.reply)
		}
	}
}

// TestDoubtOfOneCommandEnds counts again what follows replies that tell nothing.
func TestDoubtOfOneCommandEnds(t *testing.T) {
	run := running(probe.List("k"), probe.Script("return 1", nil, nil), probe.Function("f", nil, nil))
	before := run.Own()
	attempt(t, run, false, int64(1), errors.New("MOVED on"), errors.New("MOVED on"))
	doubtful := run.Own()
	attempt(t, run, false, int64(1), int64(1), int64(1))
	for command, want := range map[string]bool{"llen": true, "eval_ro": false, "fcall_ro": false} {
		if _, exact := run.Own().Since(before, command); exact != want {
			t.Errorf("calls of %s are exact: %v", command, exact)
		}
		if calls, exact := run.Own().Since(doubtful, command); calls != 1 || !exact {
			t.Errorf("%d calls of %s since, exact: %v", calls, command, exact)
		}
	}
}

// TestDoubtOfASubcommandIsOneOfItsCommand counts as Redis before 7.0 does.
func TestDoubtOfASubcommandIsOneOfItsCommand(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{probe.StreamPending("s", "g", ""), probe.StreamEntriesAdded("s")})
	run := plan.Start(probe.Sampling{})
	run.Commands(heldBack(), nil) // XINFO GROUPS alone
	run.Lost()
	for command, want := range map[string]bool{"xinfo": false, "xinfo|groups": false, "xinfo|stream": true} {
		if _, exact := run.Own().Since(probe.Calls{}, command); exact != want {
			t.Errorf("calls of %s are exact: %v", command, exact)
		}
	}
}
