package verifier

import "strings"

// Kind is what a metric is taken from.
type Kind int

const (
	// Level is a number of one instant.
	Level Kind = iota
	// Rate is a growth over the window that is stated, of one process of the server.
	Rate
	// Spanned is a number of the instants of the window that is stated.
	Spanned
	// Refused is always an error.
	Refused
)

// Topology is what an object names. Several may be joined.
type Topology int

const (
	// Standalone is one server.
	Standalone Topology = 1 << iota
	// Watched is a primary with one replica, which Sentinels watch.
	Watched
	// Sharded is a Redis Cluster of three primaries, the first with a replica.
	Sharded
	// Replicated is a primary with one replica.
	Replicated
	// Replica is a replica of a primary that is loaded.
	Replica
	// Rewritten is one server whose INFO is rewritten on its way.
	Rewritten

	everywhere = Standalone | Watched | Sharded | Replicated | Replica | Rewritten
	// single are servers that an object samples one of, without a replica.
	single = Standalone | Rewritten
	// paired have one replica in all.
	paired = Watched | Replicated
	// primaries are asked for at primaries, by an object that samples replicas too, but for Standalone.
	primaries = Standalone | Watched | Sharded | Replicated
)

// Expectation is a question to the metrics API, and what the answer has to be.
type Expectation struct {
	// Metric is the metric that is asked for, and Selector its metric selector; empty for none.
	Metric, Selector string
	// Kind is what the metric is taken from.
	Kind Kind
	// On is which objects are asked.
	On Topology
	// Of bounds the truth.
	Of Bounds
	// Share and More are by how much a value may be off: by a share in both directions, and by a number beyond the
	// largest, for what others than the load may do.
	Share, More float64
	// Refusal says why it is Refused, or is a part of an error that there may be of what is not.
	Refusal string
	// Calm means that the truth is known only where no fault is felt.
	Calm bool
	// Field is a field of INFO that not each server has. Without it the metric is Refused.
	Field string
}

// String names the question.
func (e Expectation) String() string { return question(e.Metric, e.Selector) }

func question(metric, selector string) string {
	if selector == "" {
		return metric
	}
	return metric + "{" + selector + "}"
}

// on sets which objects are asked.
func (e Expectation) on(topology Topology) Expectation {
	e.On = topology
	return e
}

// ThirdNode stands in a selector for the ID of the node that has the third third of the slots.
const ThirdNode = "third-node"

// MaxClients is how many connections each standalone server takes.
const MaxClients = 1000

// Expectations returns the questions to an object of a topology, whose servers have the fields of INFO that has tells. Of
// a Redis Cluster it takes the ID of the node of the third shard. Readers are the other pairs of an object and a replica of
// the adapter that sample the same servers.
func Expectations(topology Topology, thirdNode string, readers int, has func(field string) bool) []Expectation {
	var all []Expectation
	others := float64(readers)
	for _, rows := range [][]Expectation{
		commandRows(others), keyspaceRows(others), clientRows(), serverRows(), replicationRows(), shardRows(others), declaredRows(others),
	} {
		for _, row := range rows {
			if row.On&topology == 0 {
				continue
			}
			if row.Field != "" && !has(row.Field) {
				row.Kind, row.Refusal = Refused, row.Field
			}
			row.Selector = strings.ReplaceAll(row.Selector, ThirdNode, thirdNode)
			all = append(all, row)
		}
	}
	return all
}
