package catalog

import (
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func serverRows() []Metric {
	return []Metric{
		{
			Name: "cpu-cores", Unit: "cores", Kind: Ratio, Aggregation: Sum, Labels: []string{LabelMode},
			Help:   "CPU time per second of all threads of the server, without child processes: 1 is one full core. `mode` is user or system.",
			window: computed(cpuCores, "used_cpu_user", "used_cpu_sys"),
		},
		{
			Name: "uptime-seconds", Unit: "s", Kind: Gauge, Aggregation: Min,
			Help:  "Time since the server started.",
			gauge: level("uptime_in_seconds"),
		},
	}
}

// cpuCores returns CPU time divided by time. It computes in microseconds, which are
// whole numbers, so nothing is lost.
func cpuCores(in windowInput) ([]Series, error) {
	user, errUser := in.growthOf("used_cpu_user", (*redisinfo.Info).Microseconds)
	system, errSystem := in.growthOf("used_cpu_sys", (*redisinfo.Info).Microseconds)
	if err := errors.Join(errUser, errSystem); err != nil {
		return nil, err
	}
	const microseconds = 1e6
	return []Series{
		{Labels: map[string]string{LabelMode: "user"}, Value: float64(user) / microseconds / in.seconds},
		{Labels: map[string]string{LabelMode: "system"}, Value: float64(system) / microseconds / in.seconds},
	}, nil
}
