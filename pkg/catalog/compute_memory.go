package catalog

import (
	"errors"
	"strconv"
)

// datasetBytes reads what Redis computes as a difference without a sign. Right
// after its start the minuend may be the smaller one.
// Source: getMemoryOverheadData in Redis' object.c.
func datasetBytes(in gaugeInput) ([]Series, error) {
	const field = "used_memory_dataset"
	text, err := in.info.Text(field)
	if err != nil {
		return nil, err
	}
	if wrapped, err := strconv.ParseUint(text, 10, 64); err == nil && int64(wrapped) < 0 {
		return nil, errors.New("the server takes more memory for itself than it has allocated by its own count, which has fallen below zero: it is known again once the server holds more data")
	}
	return level(field)(in)
}

func memoryUtilization(in gaugeInput) ([]Series, error) {
	used, errUsed := in.info.Int("used_memory")
	limit, errLimit := in.info.Int("maxmemory")
	if err := errors.Join(errUsed, errLimit); err != nil {
		return nil, err
	}
	return share(used, limit, "maxmemory is 0, which means no limit, so that there is no ratio: set maxmemory in Redis, or use used-memory-bytes")
}
