package v1alpha1

// StreamMeasure says what of a stream is measured.
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

// StreamSource names a stream and what of it is measured.
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

	// group is the consumer group that Pending, Lag and OldestPendingSeconds
	// measure. While it does not exist, whenGroupMissing says what they are.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Group string `json:"group,omitempty"`

	// whenGroupMissing is what the metric is while the group, or the stream itself,
	// does not exist. Error, which is the default, makes it unknown, so that a mistyped
	// name is not taken for an empty queue. Workers that create their group when they
	// start never start from zero replicas then. For those, write
	// Length for Lag: the number of entries in the stream, which is what a group that
	// reads from the beginning (XGROUP CREATE with ID 0) has to read; 0 without a stream;
	// Zero for Pending and OldestPendingSeconds: nothing has been delivered yet.
	// +optional
	// +default="Error"
	WhenGroupMissing GroupMissing `json:"whenGroupMissing,omitempty"`

	// measure is one of
	// Length: the number of entries, 0 when the stream does not exist;
	// Pending: the entries delivered to the group and not acknowledged;
	// Lag: the entries not delivered to the group yet (Redis 7.0 or newer), unknown
	// while Redis does not know it, which is after entries in the midst of the stream were deleted;
	// OldestPendingSeconds: the time since the oldest pending entry was added, 0 when none is pending;
	// OldestEntrySeconds: the time since the oldest entry was added, 0 when there is none;
	// EntriesAddedPerSecond: the entries added in a second, over spec.sampling.window (Redis 7.0 or newer).
	// The times are told by Redis' own clock and need entry IDs that Redis made (XADD with *).
	// +required
	Measure StreamMeasure `json:"measure"`
}
