package verifier

import "strings"

// Event is a kind of event that a Load counts.
type Event int

// The events. Names of commands count their executions.
const (
	// Requests are commands that were executed, including those that failed during
	// execution.
	Requests Event = iota
	Gets
	Sets
	Increments
	// Scripts are EVALs. Each computes for scriptMicroseconds.
	Scripts
	// Entries are the entries added to the stream Log.
	Entries
	// Hits and Misses are look-ups of keys that exist, and of keys that do not.
	Hits
	Misses
	// Failed are HGETs of a string, which fail during execution.
	Failed
	// Rejected are STRLENs with too many arguments, which Redis does not execute.
	Rejected
	// Expired are keys that had expired when they were looked up.
	Expired
	// ComputedMicroseconds is how long scripts computed at least, and WaitedMicroseconds how long all requests can have
	// kept the servers busy at most.
	ComputedMicroseconds
	WaitedMicroseconds
	// ScriptWaitedMicroseconds is the same for the batches with scripts.
	ScriptWaitedMicroseconds
	// SentBytes are the bytes of commands.
	SentBytes
	// FirstShard, SecondShard and ThirdShard are requests for keys in each third of the
	// slots.
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

// Shard returns in which third of the slots of a Redis Cluster a key is, from 0.
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
