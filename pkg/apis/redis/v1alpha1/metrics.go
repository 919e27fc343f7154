package v1alpha1

// Metric is a declared metric of this object. Reading it changes nothing in Redis.
//
// +kubebuilder:validation:XValidation:rule="[has(self.list), has(self.set), has(self.hash), has(self.sortedSet), has(self.hyperLogLog), has(self.string), has(self.counter), has(self.stream), has(self.info), has(self.keys), has(self.pubSub), has(self.script), has(self.expression)].filter(given, given).size() == 1",message="a metric must have exactly one of list, set, hash, sortedSet, hyperLogLog, string, counter, stream, info, keys, pubSub, script, expression: write one, for example list: {key: jobs}"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !has(self.expression)",fieldPath=".over",message="over does not apply to an expression: write it at the metrics that the expression names"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !has(self.keys)",fieldPath=".over",message="over does not apply to keys, whose scan may take several samples: leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.over) || !(has(self.counter) || (has(self.info) && has(self.info.type) && self.info.type == 'Rate') || (has(self.stream) && has(self.stream.measure) && self.stream.measure == 'EntriesAddedPerSecond'))",fieldPath=".over",message="over does not apply to a rate, which is taken over spec.sampling.window already: leave it out"
type Metric struct {
	// name is the name under which the metrics API serves the metric. It must not be
	// the name of a metric that every Redis object has: otherwise neither of the two is
	// served for this object.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a metric must be lower-case letters, digits and dashes, for example jobs-waiting"
	Name string `json:"name"`

	// list is the length of a list. It is 0 if the key does not exist.
	// +optional
	List *KeySource `json:"list,omitempty"`

	// set is the number of members of a set. It is 0 if the key does not exist.
	// +optional
	Set *KeySource `json:"set,omitempty"`

	// hash is the number of fields of a hash. It is 0 if the key does not exist.
	// Expired fields count until the server removes them (HEXPIRE, Redis 7.4 or newer).
	// +optional
	Hash *KeySource `json:"hash,omitempty"`

	// sortedSet is the number of members of a sorted set, or of its members within a
	// range of scores. It is 0 if the key does not exist.
	// +optional
	SortedSet *SortedSetSource `json:"sortedSet,omitempty"`

	// hyperLogLog is the number of distinct members that a HyperLogLog has seen, as
	// Redis estimates it. It is 0 if the key does not exist.
	// +optional
	HyperLogLog *KeySource `json:"hyperLogLog,omitempty"`

	// string is the number that a string holds. It is unknown if the key does not
	// exist, or holds anything but a number that is not negative.
	// +optional
	String *KeySource `json:"string,omitempty"`

	// counter is the growth per second of the number that a string holds, over
	// spec.sampling.window. It is unknown while the key does not exist, and after the
	// number has fallen, until two more samples have been taken. If the key is deleted
	// and outgrows its old number before the next sample, the adapter cannot notice.
	// +optional
	Counter *KeySource `json:"counter,omitempty"`

	// stream is a number of a stream, or of one of its consumer groups.
	// +optional
	Stream *StreamSource `json:"stream,omitempty"`

	// info is a field of INFO, or its growth per second.
	// +optional
	Info *InfoSource `json:"info,omitempty"`

	// keys measures all keys of the database that match a pattern. It scans the
	// database again and again. One sample scans up to 25000 keys and sends up to 5000
	// commands for the keys that match: one for each key with Length, two with Value.
	// All keys metrics of an object share these bounds. A larger database takes several
	// samples. With the defaults of spec.sampling, it may have at most about 50000 keys.
	// In one sample, a scan takes at most a quarter of spec.sampling.timeout. On KeyDB,
	// the adapter scans 99 keys at a time.
	// The value is that of the newest complete scan, at its end, and its window is the
	// time that the scan took. A key that is added or removed meanwhile may or may not
	// count. The value is unknown until the first scan is complete, and if a scan takes
	// longer than spec.sampling.maxAge allows. A scan starts again when the server
	// restarts or changes its role, after FLUSHALL, FLUSHDB and SWAPDB, and when slots
	// move. In a cluster, a scan counts only after the next sample, which shows that no
	// slot moved meanwhile.
	// The value is 0 if no key matches.
	// +optional
	Keys *KeysSource `json:"keys,omitempty"`

	// pubSub is the number of clients that subscribe to a channel. Subscriptions to
	// patterns do not count.
	// +optional
	PubSub *PubSubSource `json:"pubSub,omitempty"`

	// script runs a read-only Lua script or function, which returns a number. It
	// blocks Redis while it runs, as every script does. After an attempt that got no
	// reply in time, the adapter does not run it for a minute, and for longer each time
	// this happens again, up to ten minutes.
	// +optional
	Script *ScriptSource `json:"script,omitempty"`

	// expression computes the metric from other metrics of this object, declared or
	// built in, by a formula in CEL. metric("name") is a double, so write numbers beside
	// it with a decimal point. The value is unknown while a metric that the formula
	// names is unknown, and while a step divides by zero or overflows, even beside || or
	// &&: test the divisor first. An expression must not name another expression.
	// Example: metric("jobs-waiting") / math.greatest(metric("workers"), 1.0)
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Expression string `json:"expression,omitempty"`

	// over combines the samples of the last spec.sampling.window into one value. The
	// value is unknown until samples cover that time, and while one of them is missing
	// or unknown. Without over, the newest sample counts.
	// +optional
	Over *Over `json:"over,omitempty"`
}

// KeySource names a key in the database that spec.database selects.
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

	// minScore is the lowest score that counts, in the form of ZCOUNT: a number, a
	// number after a "(" to exclude the number itself, or -inf, which is the default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[(]?[-+]?(inf|[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?)$')",message="minScore must be a number such as 5, (5 or -inf"
	MinScore string `json:"minScore,omitempty"`

	// maxScore is the highest score that counts, in the form of ZCOUNT: a number, a
	// number after a "(" to exclude the number itself, or +inf, which is the default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[(]?[-+]?(inf|[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?)$')",message="maxScore must be a number such as 5, (5 or +inf"
	MaxScore string `json:"maxScore,omitempty"`
}

// KeysMeasure says what is measured of the keys that match a pattern.
//
// +kubebuilder:validation:Enum=Count;Length;Value
type KeysMeasure string

// Measures of keys.
const (
	KeysCount  KeysMeasure = "Count"
	KeysLength KeysMeasure = "Length"
	KeysValue  KeysMeasure = "Value"
)

// KeysType is a type of keys, as the Redis command TYPE writes it.
//
// +kubebuilder:validation:Enum=list;set;zset;hash;stream;string
type KeysType string

// KeysSource names keys by a pattern, and says what is measured of them.
//
// +kubebuilder:validation:XValidation:rule="self.measure != 'Length' || (has(self.type) && self.type != 'string')",fieldPath=".type",message="the measure Length needs a type that has a length: write list, set, zset, hash or stream"
// +kubebuilder:validation:XValidation:rule="self.measure != 'Value' || !has(self.type) || self.type == 'string'",fieldPath=".type",message="the measure Value is of strings: write string, or leave type out"
type KeysSource struct {
	// pattern is a glob pattern for SCAN, for example jobs:*. A * matches any text, a ?
	// any character, and [ab] an a or a b. A backslash escapes the next character.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Pattern string `json:"pattern"`

	// measure is one of
	// Count: the number of keys that match.
	// Length: the sum of their lengths, which needs type.
	// Value: the sum of the numbers that they hold as strings.
	// The metric is unknown while a key cannot be measured, for example because it holds
	// no number or a negative one.
	// +required
	Measure KeysMeasure `json:"measure"`

	// type is the type of the keys that count; keys of other types are left out. It
	// needs Redis 6.0 or newer. Without it, keys of every type count.
	// +optional
	Type KeysType `json:"type,omitempty"`

	// limit is how many keys may match. While more keys match, the metric is unknown.
	// It bounds the memory of the adapter: about 40 bytes for each key.
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

// ScriptSource is a Lua script, or the name of a function that is loaded in Redis. It needs Redis 7.0 or newer.
//
// +kubebuilder:validation:XValidation:rule="has(self.source) != has(self.function)",message="script must have exactly one of source, the text of a Lua script, and function, the name of a loaded function"
type ScriptSource struct {
	// source is the text of a Lua script that returns a number. EVAL_RO runs it. Redis
	// truncates a Lua number to an integer: return tostring(x) to keep the fraction.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Source string `json:"source,omitempty"`

	// function is the name of a function that returns a number. FCALL_RO calls it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Function string `json:"function,omitempty"`

	// keys are the names of the keys that the script reads: KEYS in Lua.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	Keys []string `json:"keys,omitempty"`

	// args are further arguments of the script: ARGV in Lua.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	Args []string `json:"args,omitempty"`
}

// OverFunction combines samples into one value.
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

// Over combines the samples of a window into one value.
type Over struct {
	// function is Max, Min or Average of the samples within spec.sampling.window, or
	// Last for the newest sample.
	// +required
	Function OverFunction `json:"function"`
}
