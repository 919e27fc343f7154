package catalog

func memoryRows() []Metric {
	return []Metric{
		{
			Name: UsedMemoryBytes, Unit: "bytes", Kind: Gauge, Fold: Sum,
			Help:  "Memory that Redis has allocated.",
			gauge: level("used_memory"),
		},
		{
			Name: "used-memory-rss-bytes", Unit: "bytes", Kind: Gauge, Fold: Sum,
			Help:  "Memory that the system has given to Redis (resident set), which a memory limit of a container counts.",
			gauge: level("used_memory_rss"),
		},
		{
			Name: "used-memory-peak-bytes", Unit: "bytes", Kind: Gauge, Fold: Sum,
			Help:  "The most memory that Redis had allocated since it was started.",
			gauge: level("used_memory_peak"),
		},
		{
			Name: "used-memory-dataset-bytes", Unit: "bytes", Kind: Gauge, Fold: Sum,
			Help:  "Memory that the data takes, less what Redis needs for itself, its clients and its tables.",
			gauge: datasetBytes,
		},
		{
			Name: "memory-utilization", Unit: "ratio 0 to 1", Kind: Gauge, Fold: Max,
			Help:  "Memory that Redis has allocated to maxmemory. Unknown without a maxmemory.",
			gauge: memoryUtilization,
		},
		{
			Name: "memory-fragmentation-ratio", Unit: "ratio", Kind: Gauge, Fold: Max,
			Help:  "Resident memory to allocated memory, as Redis rounds it to hundredths. It is large while Redis holds little.",
			gauge: fraction("mem_fragmentation_ratio"),
		},
	}
}
