package verifier

import "strings"

// Kind is how a metric is computed.
type Kind int

const (
	// Level is a number at one instant.
	Level Kind = iota
	// Rate is a growth over the stated window, of one process of the server.
	Rate
	// Spanned is a number over the instants of the stated window.
	Spanned
	// Refused is always an error.
	Refused
)

// Topology is what an object names. Values can be combined.
type Topology int

const (
	// Standalone is one server.
	Standalone Topology = 1 << iota
	// Watched is a primary with one replica, with Sentinels.
	Watched
	// Sharded is a Redis Cluster of three primaries, the first with a replica.
	Sharded
	// Replicated is a primary with one replica.
	Replicated
	// Replica is a replica of a primary that is loaded.
	Replica
	// Rewritten is one server whose INFO a proxy rewrites.
	Rewritten

	everywhere = Standalone | Watched | Sharded | Replicated | Replica | Rewritten
	// single are the topologies of which an object samples one server, without a
	// replica.
	single = Standalone | Rewritten
	// paired are the topologies with exactly one replica.
	paired = Watched | Replicated
	// primaries are the topologies with primaries. Except for Standalone, their objects also sample
	// replicas.
	primaries = Standalone | Watched | Sharded | Replicated
)

// Expectation is a question to the metrics API, and what the answer must be.
type Expectation struct {
	// Metric is the requested metric, and Selector its metric selector, empty for none.
	Metric, Selector string
	// Kind is how the metric is computed.
	Kind Kind
	// On is the topologies of the objects that are asked.
	On Topology
	// Of bounds the truth.
	Of Bounds
	// Share and More are by how much a value may be off: by a share in both directions, and by a number beyond the
	// largest, for what clients other than the load may do.
	Share, More float64
	// Refusal says why it is Refused. Otherwise it is a part of an allowed error.
	Refusal string
	// Calm means that the truth is known only while no fault has an effect.
	Calm bool
	// Field is a field of INFO that not every server has. Without it, the metric is
	// Refused.
	Field string
}

// String returns the name of the question.
func (e Expectation) String() string { return question(e.Metric, e.Selector) }

func question(metric, selector string) string {
	if selector == "" {
		return metric
	}
	return metric + "{" + selector + "}"
}

// on sets the topologies of the objects that are asked.
func (e Expectation) on(topology Topology) Expectation {
	e.On = topology
	return e
}

// ThirdNode represents, in a selector, the ID of the node that has the last third of the
// slots.
const ThirdNode = "third-node"

// MaxClients is how many connections each standalone server accepts.
const MaxClients = 1000

// Expectations returns the questions to an object of a topology, whose servers report the fields of INFO for which has
// is true. For a Redis Cluster, it needs the ID of the node of the third shard. readers is how many other pairs of an
// object and a replica of the adapter sample the same servers.
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
