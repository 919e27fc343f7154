package poller

import (
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestErrorsOfScriptsAreNoRequests has scripts end with errors, some of which read
// as if the server had refused to run them.
func TestErrorsOfScriptsAreNoRequests(t *testing.T) {
	redistest.Each(t, errorsOfScriptsAreNoRequests)
}

func errorsOfScriptsAreNoRequests(t *testing.T, program redistest.Program) {
	for name, test := range map[string]struct {
		source string
		rule   string // of the ACL
		known  bool   // whether the server reports that the script ran
	}{
		"a call that is refused":             {`return redis.call("GET", KEYS[1])`, "-get", true},
		"a call that is refused and handled": {`return redis.pcall("GET", KEYS[1])`, "-get", true},
		"the script itself is refused":       {`return 1`, "-eval_ro", true},
		"its key is refused":                 {`return 1`, "resetkeys", true},
		"an error of its own":                {`return redis.error_reply("MY error")`, "+get", true},
		"a class of the server's":            {`return redis.error_reply("MOVED on")`, "+get", false},
		"another one":                        {`return redis.error_reply("READONLY x")`, "+get", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := program.New(t)
			server.Do("acl", "setuser", "default", test.rule)
			o := declaring(t, server, probe.Script(test.source, []string{"k"}, nil))
			o.sample()
			if !test.known {
				o.unknown(0, "the script ended with an error, or the server refused to run it")
			}
			for range 4 {
				o.sample()
				got, err := o.read(catalog.RequestsPerSecond)
				if test.known && (err != nil || got.Value != 0) || !test.known && (err == nil || !strings.Contains(err.Error(), "it is unknown how many of its commands the server executed")) {
					t.Fatalf("requests-per-second = %v, %v", got.Value, err)
				}
			}
		})
	}
}
