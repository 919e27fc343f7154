package verifier

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	found, lost = 3, 2
	// seldom is after how many batches one has more in it: a script, and a key that expires.
	seldom = 10
	// scriptMicroseconds is how long a script computes at least, by the server's clock. By its own clock it takes
	// scriptSpare longer: the server counts ticks of the processor, whose frequency it knows to about one per cent.
	scriptMicroseconds = 1000
	scriptSpare        = scriptMicroseconds / 50
	kept               = 20
	// expiry is after how many milliseconds a key expires, which is before the next
	// one.
	expiry = 15
)

// script computes for a while, by the clock of the processor if a script may read it. Redis 7.0 has none, but its TIME
// advances within a script. Source: "Freeze time sampling" in the release notes of Redis 7.2.
var script = fmt.Sprintf(`
local has, clock = pcall(function() return os.clock end)
if not has then clock = function() local t = redis.call("TIME") return t[1] + t[2] / 1000000 end end
local ends = clock() + %d / 1000000
repeat for i = 1, 10000 do end until clock() >= ends
return 1`, scriptMicroseconds+scriptSpare)

func (l *Load) beat(ctx context.Context) {
	now := time.Since(l.began).Milliseconds()
	commands := [][]any{
		{"set", Clock, now}, {"incr", Ticks}, {"xadd", Log, "maxlen", kept, "*", "n", 1},
		{"hget", Clock, "none"}, {"strlen", Clock, "too", "many"},
	}
	for n := range found {
		commands = append(commands, []any{"get", "base:" + strconv.Itoa(n)})
	}
	for n := range lost {
		commands = append(commands, []any{"get", "none:" + strconv.Itoa(n)})
	}
	if l.beats++; l.beats%seldom == 0 {
		commands = append(commands, []any{"eval", script, 1, Clock})
		if !l.sharded() {
			// The key expires in another database, where no metric of the main one sees it. MOVE does not move it
			// before the last one has expired, for example if a server that stood still gets several batches at
			// once.
			commands = append(commands, []any{"set", transient, 1, "px", expiry}, []any{"move", transient, 1}, []any{"unlink", transient})
		}
	}
	_ = l.send(ctx, commands, func(n int, sent, acked time.Time) {
		if n == 0 {
			l.truth.Set(Clock, sent, acked, float64(now))
		}
	})
}

const transient = "transient"

type outcome int

const (
	done outcome = iota
	// faulty means that Redis executed the command, and answered with an error.
	faulty
	// rejected means that Redis did not execute the command.
	rejected
	// inDoubt means that Redis may have executed the command.
	inDoubt
)

// alreadyThere is the error of Redis for an entry that a stream already has.
const alreadyThere = "equal or smaller than the target stream top item"

func outcomeOf(cmd *redis.Cmd) outcome {
	err := cmd.Err()
	var refusal redis.Error
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		return done
	case !errors.As(err, &refusal):
		return inDoubt
	case strings.HasPrefix(err.Error(), "WRONGTYPE"), strings.Contains(err.Error(), "user_script"), strings.Contains(err.Error(), alreadyThere):
		return faulty
	}
	return rejected
}

func name(command []any) string { return fmt.Sprint(command[0]) }

// inVain reports whether a command is meant to be rejected.
func inVain(command []any) bool { return name(command) == "strlen" }

// keyAt returns the index of a command's key, 0 if it has none.
func keyAt(command []any) int {
	switch name(command) {
	case "flushall":
		return 0
	case "xgroup":
		return 2
	case "eval":
		return 3
	case "xreadgroup":
		return len(command) - 2
	}
	return 1
}

// toldBy returns the events that an answer reports.
func (l *Load) toldBy(command []any, cmd *redis.Cmd, what outcome) Events {
	e := possible(command)
	if what == rejected {
		return Events{Rejected: e[Rejected], SentBytes: e[SentBytes]}
	}
	e[Rejected] = 0
	if what != faulty || name(command) != "hget" {
		e[Failed] = 0
	}
	if missed(cmd) {
		e[Hits] = 0
	} else {
		e[Misses] = 0
	}
	if moved, _ := cmd.Int64(); name(command) == "move" && moved == 1 {
		if l.expiring {
			e[Expired] = 1
		}
		l.expiring = true
	}
	return e
}

func missed(cmd *redis.Cmd) bool {
	length, isNumber := cmd.Val().(int64)
	return errors.Is(cmd.Err(), redis.Nil) || cmd.Val() == "" || isNumber && length == 0
}

func possible(command []any) Events {
	e := Events{Requests: 1, SentBytes: int64(len("*1\r\n"))}
	for _, part := range command {
		e[SentBytes] += int64(len(fmt.Sprint(part)) + len("$1\r\n\r\n"))
	}
	switch name(command) {
	case "get":
		e[Gets], e[Hits], e[Misses] = 1, 1, 1
	case "llen", "getrange":
		e[Hits], e[Misses] = 1, 1
	case "hget":
		e[Failed], e[Hits], e[Misses] = 1, 1, 1
	case "set":
		e[Sets] = 1
	case "incr":
		e[Increments] = 1
	case "strlen":
		e[Rejected], e[Requests] = 1, 0
	case "eval":
		e[Scripts], e[ComputedMicroseconds] = 1, scriptMicroseconds
	case "xadd":
		if command[1] == Log {
			e[Entries] = 1
		}
	}
	if at := keyAt(command); at > 0 {
		e[int(FirstShard)+Shard(fmt.Sprint(command[at]))] = e[Requests]
	}
	return e
}
