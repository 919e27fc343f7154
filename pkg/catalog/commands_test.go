package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// command is what a server reports about one of its commands.
type command struct {
	group string
	write bool
}

// groupsOfNoRequests returns the groups whose commands set up a connection, or
// watch or run a server, by the servers' own documentation.
func groupsOfNoRequests() []string {
	return []string{"connection", "server", "cluster", "sentinel"}
}

// againstTheirGroup says which commands are requests although their group says
// otherwise, or the reverse. A container stands for its subcommands.
func againstTheirGroup() map[string]bool {
	return map[string]bool{
		"flushall": true, "flushdb": true, "swapdb": true, "sflush": true, "clusterscan": true, "cluster|flushslot": true,
		"pubsub": false, "xinfo": false, "pfselftest": false, "pfdebug": false, "restore-asking": false,
	}
}

// unmarked returns requests that a primary may send to its replicas although
// they are not flagged "write".
func unmarked() []string {
	return []string{"multi", "exec", "publish", "spublish", "pfcount", "script"}
}

// TestEachCommandOfTheServersIsListed compares the table of commands with what
// the servers themselves say. Where it fails, add the command to listed.
func TestEachCommandOfTheServersIsListed(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		commands := commandsOf(t, p.New(t))
		if len(commands) < 350 {
			t.Fatalf("the server has %d commands, want 350 at least", len(commands))
		}
		for name, is := range commands {
			container, _, _ := strings.Cut(name, "|")
			request, decided := againstTheirGroup()[name]
			if !decided {
				request, decided = againstTheirGroup()[container]
			}
			if !decided {
				request = !slices.Contains(groupsOfNoRequests(), is.group)
			}
			checkCommand(t, name, is, request, commands)
		}
	})
}

func checkCommand(t *testing.T, name string, is command, request bool, all map[string]command) {
	t.Helper()
	label := strings.ReplaceAll(name, "|", ".")
	if got, err := ofCommand(t, "command-calls-per-second", "role:master", "zzz", label); err != nil || got != 0 {
		t.Errorf("%s of group %s, write %v, is not listed: %v, %v", name, is.group, is.write, got, err)
	}
	got, err := ofCommand(t, catalog.RequestsPerSecond, "role:master", name, "")
	if err != nil || (got == 1) != request {
		t.Errorf("%s of group %s: %v requests, %v; want it to be one: %v", name, is.group, got, err, request)
	}
	sent := is.write || slices.Contains(unmarked(), name)
	for other, sub := range all {
		sent = sent || sub.write && strings.HasPrefix(other, name+"|")
	}
	got, err = ofCommand(t, catalog.RequestsPerSecond, "role:slave\r\nslave_read_only:1", name, "")
	if err != nil || (got == 1) != (request && !sent) {
		t.Errorf("%s, write %v, of a replica: %v requests, %v", name, is.write, got, err)
	}
}

// ofCommand reads a metric of a server of a role that was sent a command ten
// times in ten seconds, by the label of a command if it is not empty.
func ofCommand(t *testing.T, name, role, sent, label string) (float64, error) {
	t.Helper()
	last := []string{role, "# Commandstats", "cmdstat_info:calls=9,usec=1"}
	if sent == "info" {
		last = last[:2]
	}
	h := over(t, []string{role, "# Commandstats"}, append(last, "cmdstat_"+sent+":calls=10,usec=1"))
	q := catalog.Query{Now: h.end}
	if label != "" {
		q.Selector = picking(t, "command="+label)
		h = over(t, []string{role, "# Commandstats"}, last)
		if label == "info" {
			return 0, nil // each sample is one
		}
	}
	got, err := metric(t, name).Read(h, q)
	return got.Value, err
}

// commandsOf asks a server which commands it has, subcommands among them.
func commandsOf(t *testing.T, server *redistest.Server) map[string]command {
	t.Helper()
	groups := map[string]string{}
	groupsIn(server.Do("command", "docs"), groups)
	commands := map[string]command{}
	writesIn(server.Do("command"), groups, commands)
	return commands
}

// groupsIn reads the reply to COMMAND DOCS: names and documents in turn, each a
// list of fields and values in turn.
func groupsIn(reply any, groups map[string]string) {
	each := func(list []any, of func(name string, value any)) {
		for pair := range slices.Chunk(list, 2) {
			of(pair[0].(string), pair[1])
		}
	}
	each(reply.([]any), func(name string, doc any) {
		each(doc.([]any), func(field string, value any) {
			switch field {
			case "group":
				groups[name] = value.(string)
			case "subcommands":
				groupsIn(value, groups)
			}
		})
	})
}

// writesIn reads the reply to COMMAND: name, arity, flags, six more, subcommands.
func writesIn(reply any, groups map[string]string, commands map[string]command) {
	for _, entry := range reply.([]any) {
		fields := entry.([]any)
		name := fields[0].(string)
		commands[strings.ToLower(name)] = command{group: groups[name], write: slices.Contains(fields[2].([]any), any("write"))}
		writesIn(fields[9], groups, commands)
	}
}
