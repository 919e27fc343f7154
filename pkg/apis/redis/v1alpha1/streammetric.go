package v1alpha1

// StreamMeasure says what is measured of a stream.
//
// +kubebuilder:validation:Enum=Length;Pending;Lag;OldestPendingSeconds;OldestEntrySeconds;EntriesAddedPerSecond
type StreamMeasure string

// Measures of a stream.
const (
	StreamLength                StreamMeasure = "Length"
	StreamPending               StreamMeasure = "Pending"
	StreamLag                   StreamMeasure = "Lag"
	StreamOldestPendingSeconds  StreamMeasure = "OldestPendingSeconds"
	StreamOldestEntrySeconds    StreamMeasure = "OldestEntrySeconds"
	StreamEntriesAddedPerSecond StreamMeasure = "EntriesAddedPerSecond"
)

// GroupMissing says what is served while a consumer group does not exist.
//
// +kubebuilder:validation:Enum=Error;Length;Zero
type GroupMissing string

// Values of GroupMissing.
const (
	GroupMissingError  GroupMissing = "Error"
	GroupMissingLength GroupMissing = "Length"
	GroupMissingZero   GroupMissing = "Zero"
)

// StreamSource names a stream, and says what is measured of it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.whenGroupMissing) || self.whenGroupMissing != 'Length' || !has(self.measure) || self.measure == 'Lag'",fieldPath=".whenGroupMissing",message="whenGroupMissing: Length is for the measure Lag: write Zero for Pending and OldestPendingSeconds, and leave it out for the others"
// +kubebuilder:validation:XValidation:rule="!has(self.whenGroupMissing) || self.whenGroupMissing != 'Zero' || !has(self.measure) || self.measure in ['Pending', 'OldestPendingSeconds']",fieldPath=".whenGroupMissing",message="whenGroupMissing: Zero is for the measures Pending and OldestPendingSeconds: write Length for Lag, and leave it out for the others"
// +kubebuilder:validation:XValidation:rule="has(self.group) || !has(self.measure) || !(self.measure in ['Pending', 'Lag', 'OldestPendingSeconds'])",fieldPath=".group",message="group is required for the measures Pending, Lag and OldestPendingSeconds: write the consumer group's name"
type StreamSource struct {
	// key is the stream's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Key string `json:"key"`

	// group is the consumer group that Pending, Lag and OldestPendingSeconds measure.
	// While it does not exist, whenGroupMissing says what is served.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Group string `json:"group,omitempty"`

	// whenGroupMissing is what is served while the group, or the stream itself, does
	// not exist. With Error, which is the default, the metric is unknown, so a mistyped
	// name is not taken for an empty queue. However, workers that create the group
	// themselves then never start from zero replicas. For such workers, write
	// Length for Lag: the number of entries in the stream, which a group that reads from
	// the beginning (XGROUP CREATE with ID 0) still has to read; 0 without a stream.
	// Zero for Pending and OldestPendingSeconds: nothing has been delivered yet.
	// +optional
	// +default="Error"
	WhenGroupMissing GroupMissing `json:"whenGroupMissing,omitempty"`

	// measure is one of
	// Length: the number of entries; 0 if the stream does not exist.
	// Pending: the number of entries delivered to the group and not yet acknowledged.
	// Lag: the number of entries not yet delivered to the group (Redis 7.0 or newer). It
	// is unknown while Redis does not know it, after entries in the middle of the stream
	// have been deleted.
	// OldestPendingSeconds: the time since the oldest pending entry was added; 0 if none is pending.
	// OldestEntrySeconds: the time since the oldest entry was added; 0 if there is none.
	// EntriesAddedPerSecond: the entries added per second, over spec.sampling.window (Redis 7.0 or newer).
	// The times are measured by the server's clock, and need entry IDs that Redis made (XADD with *).
	// +required
	Measure StreamMeasure `json:"measure"`
}
