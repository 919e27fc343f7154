package catalog

import (
	"errors"
)

func persistenceRows() []Metric {
	return []Metric{
		{
			Name: "rdb-changes-since-last-save", Unit: "changes", Kind: Gauge, Aggregation: Sum,
			Help:  "Changes to the data since the last successful RDB save, or since the server started.",
			gauge: level("rdb_changes_since_last_save"),
		},
		{
			Name: "rdb-last-save-age-seconds", Unit: "s", Kind: Gauge, Aggregation: Max, Versions: "6.2+",
			Help:  "Time by the server's clock since the last successful RDB save, or since the server started.",
			gauge: computed(lastSaveAge, "server_time_usec", "rdb_last_save_time"),
		},
		{
			Name: "rdb-save-in-progress", Unit: "0 or 1", Kind: Gauge, Aggregation: Max,
			Help:  "1 while a child process saves an RDB file.",
			gauge: level("rdb_bgsave_in_progress"),
		},
		{
			Name: "aof-rewrite-in-progress", Unit: "0 or 1", Kind: Gauge, Aggregation: Max,
			Help:  "1 while a child process rewrites the append-only file.",
			gauge: level("aof_rewrite_in_progress"),
		},
	}
}

// lastSaveAge compares two instants of the server's clock. This machine's clock may
// differ.
func lastSaveAge(in gaugeInput) ([]Series, error) {
	now, errNow := in.info.Int("server_time_usec")
	saved, errSaved := in.info.Int("rdb_last_save_time")
	if err := errors.Join(errNow, errSaved); err != nil {
		return nil, err
	}
	const microseconds = 1e6
	return []Series{{Value: float64(now)/microseconds - float64(saved)}}, nil
}
