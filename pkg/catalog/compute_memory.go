package catalog

import "errors"

func memoryUtilization(in gaugeInput) ([]Series, error) {
	used, errUsed := in.info.Int("used_memory")
	limit, errLimit := in.info.Int("maxmemory")
	if err := errors.Join(errUsed, errLimit); err != nil {
		return nil, err
	}
	return share(used, limit, "maxmemory is 0, which means no limit, so that there is no ratio: set maxmemory in Redis, or use used-memory-bytes")
}
