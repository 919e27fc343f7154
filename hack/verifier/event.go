package verifier

import "strings"

// Event is something that a Load counts while it drives a server.
type Event int

// The events. Where a command is named, its executions are counted.
const (
	// Requests are commands that were executed, those that failed meanwhile among them.
	Requests Event = iota
	Gets
	Sets
	Increments
	// Scripts are EVALs, each of which computes for scriptMicroseconds.
	Scripts
	// Entries are those added to the stream Log.
	Entries
	// Hits and Misses are look-ups of keys that were there, and of keys that were not.
	Hits
	Misses
	// Failed are HGETs of a string, which Redis executes in vain.
	Failed
	// Rejected are STRLENs with too many arguments, which Redis does not execute.
	Rejected
	// Expired are keys that were gone when they were asked for.
	Expired
	// ComputedMicroseconds is how long scripts computed at least, and WaitedMicroseconds how long all that was sent can
	// have kept the servers busy at most.
	ComputedMicroseconds
	WaitedMicroseconds
	// ScriptWaitedMicroseconds are those of what scripts were sent with.
	ScriptWaitedMicroseconds
	// SentBytes are those of commands.
	SentBytes
	// FirstShard, SecondShard and ThirdShard are requests of keys of each third of the slots.
	FirstShard
	SecondShard
	ThirdShard
	eventCount
)

// Events are counts of each kind of event.
type Events [eventCount]int64

func (e *Events) add(more Events) {
	for kind := range e {
		e[kind] += more[kind]
	}
}

const (
	slotCount  = 16384
	shardCount = 3
)

// Shard returns which third of the slots of a Redis Cluster a key lies in, from 0.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
func Shard(key string) int { return Slot(key) * shardCount / slotCount }

// Slot returns the slot of a key.
func Slot(key string) int {
	if _, rest, open := strings.Cut(key, "{"); open {
		if tag, _, closed := strings.Cut(rest, "}"); closed && tag != "" {
			key = tag
		}
	}
	const polynomial = 0x1021
	sum := uint16(0)
	for i := range len(key) {
		sum ^= uint16(key[i]) << 8
		for range 8 {
			carry := sum&0x8000 != 0
			if sum <<= 1; carry {
				sum ^= polynomial
			}
		}
	}
	return int(sum) % slotCount
}
