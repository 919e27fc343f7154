package v1alpha1

// Metric is a metric of this object beyond those that every Redis object has.
// Whatever it reads, it changes nothing in Redis.
//
// +kubebuilder:validation:XValidation:rule="[has(self.list), has(self.set), has(self.hash), has(self.sortedSet), has(self.hyperLogLog), has(self.string), has(self.counter), has(self.stream), has(self.info), has(self.keys), has(self.pubSub), has(self.script), has(self.expression)].filter(given, given).size() == 1",message="a metric must have exactly one of list, set, hash, sortedSet, hyperLogLog, string, counter, stream, info, keys, pubSub, script, expression: write one, for example list: {key: jobs}"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !has(self.expression)",fieldPath=".over",message="over is for what is measured: write it at the metrics that the expression names"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !has(self.keys)",fieldPath=".over",message="over is for what each sample measures whole, and keys takes several: leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !(has(self.counter) || (has(self.info) && has(self.info.type) && self.info.type == 'Rate') || (has(self.stream) && has(self.stream.measure) && self.stream.measure == 'EntriesAddedPerSecond'))",fieldPath=".over",message="over is for levels, and a rate is taken over spec.sampling.window already: leave it out"
type Metric struct {
	// name is the name under which the metrics API serves the metric. No metric
	// that every Redis object has may be named so: of this object neither is served then.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a metric must be lower-case letters, digits and dashes, for example jobs-waiting"
	Name string `json:"name"`

	// list measures the length of a list. It is 0 when the key does not exist.
	// +optional
	List *KeySource `json:"list,omitempty"`

	// set measures how many members a set has. It is 0 when the key does not exist.
	// +optional
	Set *KeySource `json:"set,omitempty"`

	// hash measures how many fields a hash has. It is 0 when the key does not exist.
	// Fields that have expired count until the server removes them (HEXPIRE, Redis
	// 7.4 or newer).
	// +optional
	Hash *KeySource `json:"hash,omitempty"`

	// sortedSet measures how many members a sorted set has, all or those within a
	// range of scores. It is 0 when the key does not exist.
	// +optional
	SortedSet *SortedSetSource `json:"sortedSet,omitempty"`

	// hyperLogLog measures how many members a HyperLogLog has seen, as Redis
	// estimates it. It is 0 when the key does not exist.
	// +optional
	HyperLogLog *KeySource `json:"hyperLogLog,omitempty"`

	// string reads a number that a string holds. It is unknown when the key does
	// not exist, or holds anything else than a number from 0 on.
	// +optional
	String *KeySource `json:"string,omitempty"`

	// counter measures by how much a number that a string holds grows in a
	// second, over spec.sampling.window. It is unknown while the key does not
	// exist, and until two samples were taken after the number fell. A key that
	// was deleted, and has outgrown its old number before the next sample, cannot
	// be told from one that grew.
	// +optional
	Counter *KeySource `json:"counter,omitempty"`

	// stream measures a stream, or one of its consumer groups.
	// +optional
	Stream *StreamSource `json:"stream,omitempty"`

	// info reads a field of INFO.
	// +optional
	Info *InfoSource `json:"info,omitempty"`

	// keys measures all keys of the database that match a pattern. It scans the
	// database over and over. One sample scans up to 25000 keys and sends up to 5000
	// commands to the keys that match: one each for Length, two each for Value. All
	// such metrics of an object share these bounds. A larger database takes several
	// samples: with the defaults of spec.sampling it may have about 50000 keys. In one
	// sample, a scan takes at most a quarter of spec.sampling.timeout. KeyDB is asked
	// for 99 keys at a time.
	// The value is that of the newest complete scan, at its end, and its window is the
	// time that the scan took. A key that is added or removed meanwhile may or may not
	// count. The value is unknown until the first scan is complete, and if a scan takes
	// longer than spec.sampling.maxAge allows. Scans begin again when the server
	// restarts or changes its role, after FLUSHALL, FLUSHDB and SWAPDB, and when slots
	// move. In a cluster, a scan counts only after the next sample, which shows that no
	// slot moved meanwhile.
	// No key that matches is 0.
	// +optional
	Keys *KeysSource `json:"keys,omitempty"`

	// pubSub measures how many clients subscribe to a channel. Subscriptions to
	// patterns are not counted.
	// +optional
	PubSub *PubSubSource `json:"pubSub,omitempty"`

	// script runs a read-only Lua script or function, which returns a number. It
	// blocks Redis while it runs, as every script does. After an attempt that was
	// not answered in time it is held back, for a minute at first and for ten at most.
	// +optional
	Script *ScriptSource `json:"script,omitempty"`

	// expression computes the metric from others of this object, declared or not,
	// by a formula in CEL: metric("name") is a double, so that numbers beside it
	// are written with a point. It is unknown while one that it names is, and while a
	// step divides by zero or overflows, even beside || or &&: test the divisor first.
	// It may name no other expression. Example:
	// metric("jobs-waiting") / math.greatest(metric("workers"), 1.0)
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Expression string `json:"expression,omitempty"`

	// over makes one value of the samples of the last spec.sampling.window. It is
	// unknown until samples cover that time, and while one among them is unknown.
	// Without it the newest sample counts.
	// +optional
	Over *Over `json:"over,omitempty"`
}

// KeySource names a key in the database that spec.database names.
type KeySource struct {
	// key is the key's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Key string `json:"key"`
}

// SortedSetSource names a sorted set, and the scores that count.
type SortedSetSource struct {
	// key is the key's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Key string `json:"key"`

	// minScore is the lowest score that counts, as ZCOUNT takes it: a number, or
	// one after a "(" to leave out the number itself, or -inf, which is the default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[(]?[-+]?(inf|[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?)$')",message="minScore must be a number such as 5, (5 or -inf"
	MinScore string `json:"minScore,omitempty"`

	// maxScore is the highest score that counts, as ZCOUNT takes it: a number, or
	// one after a "(" to leave out the number itself, or +inf, which is the default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[(]?[-+]?(inf|[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?)$')",message="maxScore must be a number such as 5, (5 or +inf"
	MaxScore string `json:"maxScore,omitempty"`
}

// KeysMeasure says what of the keys that match a pattern is measured.
//
// +kubebuilder:validation:Enum=Count;Length;Value
type KeysMeasure string

// Measures of keys.
const (
	KeysCount  KeysMeasure = "Count"
	KeysLength KeysMeasure = "Length"
	KeysValue  KeysMeasure = "Value"
)

// KeysType is a type of keys as Redis' command TYPE writes it.
//
// +kubebuilder:validation:Enum=list;set;zset;hash;stream;string
type KeysType string

// KeysSource names keys by a pattern, and what of them is measured.
//
// +kubebuilder:validation:XValidation:rule="self.measure != 'Length' || (has(self.type) && self.type != 'string')",fieldPath=".type",message="the measure Length needs a type that has a length: write list, set, zset, hash or stream"
// +kubebuilder:validation:XValidation:rule="self.measure != 'Value' || !has(self.type) || self.type == 'string'",fieldPath=".type",message="the measure Value is of strings: write string, or leave type out"
type KeysSource struct {
	// pattern is a glob pattern as SCAN takes it, for example jobs:* (a * stands for
	// any text, a ? for any character, [ab] for a or b, and a backslash takes
	// away the meaning of the next character).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Pattern string `json:"pattern"`

	// measure is one of
	// Count: how many keys match;
	// Length: the sum of their lengths, of the type that type names;
	// Value: the sum of the numbers, from 0 on, that they hold as strings.
	// It is unknown while one of the keys cannot be measured so.
	// +required
	Measure KeysMeasure `json:"measure"`

	// type is the type of the keys that count; others are left out. It needs Redis
	// 6.0 or newer. Without it each key counts.
	// +optional
	Type KeysType `json:"type,omitempty"`

	// limit is how many keys may match. While more do the metric is unknown. It
	// bounds the memory that the adapter takes: about 40 bytes for each key.
	// +optional
	// +default=1000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Limit int32 `json:"limit,omitempty"`
}

// PubSubSource names a channel.
type PubSubSource struct {
	// channel is the name of the channel.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Channel string `json:"channel"`
}

// ScriptSource is a Lua script, or the name of a function that is loaded in Redis. Both need Redis 7.0 or newer.
//
// +kubebuilder:validation:XValidation:rule="has(self.source) != has(self.function)",message="script must have exactly one of source, the text of a Lua script, and function, the name of a loaded function"
type ScriptSource struct {
	// source is the text of a Lua script, which EVAL_RO runs. It returns a number.
	// Redis cuts the fraction of a Lua number: return tostring(x) to keep it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Source string `json:"source,omitempty"`

	// function is the name of a function, which FCALL_RO calls.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Function string `json:"function,omitempty"`

	// keys are the names of the keys that the script reads, KEYS in Lua.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	Keys []string `json:"keys,omitempty"`

	// args are further arguments of the script, ARGV in Lua.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	Args []string `json:"args,omitempty"`
}

// OverFunction says how samples become one value.
//
// +kubebuilder:validation:Enum=Max;Min;Average;Last
type OverFunction string

// Functions of Over.
const (
	OverMax     OverFunction = "Max"
	OverMin     OverFunction = "Min"
	OverAverage OverFunction = "Average"
	OverLast    OverFunction = "Last"
)

// Over makes one value of the samples of a window.
type Over struct {
	// function is Max, Min or Average of the samples within spec.sampling.window, or Last, the newest one.
	// +required
	Function OverFunction `json:"function"`
}
