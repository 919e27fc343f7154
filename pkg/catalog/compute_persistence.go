package catalog

import "errors"

// lastSaveAge compares two instants of the server's own clock: this machine's may differ.
func lastSaveAge(in gaugeInput) ([]Series, error) {
	now, errNow := in.info.Int("server_time_usec")
	saved, errSaved := in.info.Int("rdb_last_save_time")
	if err := errors.Join(errNow, errSaved); err != nil {
		return nil, err
	}
	const microseconds = 1e6
	return []Series{{Value: float64(now)/microseconds - float64(saved)}}, nil
}
