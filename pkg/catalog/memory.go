package catalog

import (
	"errors"
	"strconv"
)

func memoryRows() []Metric {
	return []Metric{
		{
			Name: UsedMemoryBytes, Unit: "bytes", Kind: Gauge, Aggregation: Sum,
			Help:  "Memory that Redis has allocated.",
			gauge: level("used_memory"),
		},
		{
			Name: "used-memory-rss-bytes", Unit: "bytes", Kind: Gauge, Aggregation: Sum,
			Help:  "Resident memory of the server process. A container's memory limit counts it.",
			gauge: level("used_memory_rss"),
		},
		{
			Name: "used-memory-peak-bytes", Unit: "bytes", Kind: Gauge, Aggregation: Sum,
			Help:  "The most memory that Redis has allocated since it started.",
			gauge: level("used_memory_peak"),
		},
		{
			Name: "used-memory-dataset-bytes", Unit: "bytes", Kind: Gauge, Aggregation: Sum,
			Help:  "Memory of the data, excluding what Redis needs for itself, its clients and its tables.",
			gauge: computed(datasetBytes, "used_memory_dataset"),
		},
		{
			Name: "memory-utilization", Unit: "ratio 0 to 1", Kind: Gauge, Aggregation: Max,
			Help:  "Memory that Redis has allocated, divided by maxmemory. Unknown if maxmemory is 0.",
			gauge: computed(memoryUtilization, "used_memory", "maxmemory"),
		},
		{
			Name: "memory-fragmentation-ratio", Unit: "ratio", Kind: Gauge, Aggregation: Max,
			Help:  "Resident memory divided by allocated memory, rounded to hundredths by Redis. It is large while Redis holds little data.",
			gauge: fraction("mem_fragmentation_ratio"),
		},
	}
}

// datasetBytes reads what Redis computes as an unsigned difference, which may wrap
// around right after its start.
// Source: getMemoryOverheadData in Redis' object.c.
func datasetBytes(in gaugeInput) ([]Series, error) {
	const field = "used_memory_dataset"
	text, err := in.info.Text(field)
	if err != nil {
		return nil, err
	}
	if wrapped, err := strconv.ParseUint(text, 10, 64); err == nil && int64(wrapped) < 0 {
		return nil, errors.New("the server counts more overhead than allocated memory, so its count of the data has fallen below zero: it is known again once the server holds more data")
	}
	return level(field).of(in)
}

func memoryUtilization(in gaugeInput) ([]Series, error) {
	used, errUsed := in.info.Int("used_memory")
	limit, errLimit := in.info.Int("maxmemory")
	if err := errors.Join(errUsed, errLimit); err != nil {
		return nil, err
	}
	return share(used, limit, "maxmemory is 0, which means no limit, so there is no ratio: set maxmemory in Redis, or use used-memory-bytes")
}
