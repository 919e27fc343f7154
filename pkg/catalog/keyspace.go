package catalog

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func keyspaceRows() []Metric {
	return []Metric{
		{
			Name: "keys", Unit: "keys", Kind: Gauge, Aggregation: Sum,
			ofData: true,
			Help:   "Keys in the database that spec.database selects. Unknown on a replica until two samples at least 2 s apart have found it synchronized with its primary.",
			gauge:  computed(keys, "db*"),
		},
		{
			Name: "keyspace-keys", Unit: "keys", Kind: Gauge, Aggregation: Sum, Labels: []string{LabelDatabase},
			ofData: true,
			Help:   "Keys in each database, including expired keys that are not removed yet. Unknown on a replica while `keys` is.",
			gauge:  computed(keyspaceKeys, "db*"),
		},
		{
			Name: "expiring-keys-ratio", Unit: "ratio 0 to 1", Kind: Gauge, Aggregation: Weighted,
			ofData: true,
			Help:   "Share of the keys that have an expiry, in the database that spec.database selects. Unknown while the database has no key, and on a replica while `keys` is.",
			gauge:  computed(expiringKeys, "db*"),
		},
		{
			Name: "keyspace-hits-per-second", Unit: "look-ups/s", Kind: Rate, Aggregation: Sum,
			ofData: true,
			Help:   "Look-ups that found a key.",
			window: counterRate("keyspace_hits"),
		},
		{
			Name: "keyspace-misses-per-second", Unit: "look-ups/s", Kind: Rate, Aggregation: Sum,
			ofData: true,
			Help:   "Look-ups that found no key.",
			window: counterRate("keyspace_misses"),
		},
		{
			Name: "keyspace-hit-ratio", Unit: "ratio 0 to 1", Kind: Ratio, Aggregation: Weighted,
			ofData: true,
			Help:   "Share of key look-ups that found a key. Unknown while no key is looked up.",
			window: computed(hitRatio, "keyspace_hits", "keyspace_misses"),
		},
		{
			Name: "evictions-per-second", Unit: "keys/s", Kind: Rate, Aggregation: Sum,
			Help:   "Keys evicted because maxmemory was reached.",
			window: counterRate("evicted_keys"),
		},
		{
			Name: "expirations-per-second", Unit: "keys/s", Kind: Rate, Aggregation: Sum,
			Help:   "Keys removed because they expired.",
			window: counterRate("expired_keys"),
		},
	}
}

// hitRatio returns hits divided by look-ups over the window.
func hitRatio(in windowInput) ([]Series, error) {
	hits, errHits := in.growth("keyspace_hits")
	misses, errMisses := in.growth("keyspace_misses")
	if err := errors.Join(errHits, errMisses); err != nil {
		return nil, err
	}
	return weighted(float64(hits), float64(hits)+float64(misses), "no key was looked up within the window, so there is no ratio")
}

func keys(in gaugeInput) ([]Series, error) {
	space, err := in.info.Keyspace(in.database)
	return []Series{{Value: float64(space.Keys)}}, err
}

func expiringKeys(in gaugeInput) ([]Series, error) {
	space, err := in.info.Keyspace(in.database)
	if err != nil {
		return nil, err
	}
	return weighted(float64(space.Expires), float64(space.Keys), "the database has no key, so there is no ratio")
}

// usualDatabases is how many logical databases Redis has by default. INFO does not
// report the number.
const usualDatabases = 16

// keyspaceKeys returns a series for each default database, for the object's own, and
// for those that have keys. A database that INFO leaves out is known to have none.
func keyspaceKeys(in gaugeInput) ([]Series, error) {
	databases := make([]int, 0, usualDatabases+1)
	for database := range usualDatabases {
		databases = append(databases, database)
	}
	if in.database >= usualDatabases {
		databases = append(databases, in.database)
	}
	for name := range in.info.Numbered("db") {
		database, err := strconv.Atoi(name)
		if err != nil {
			return nil, fmt.Errorf("INFO has a database of the number %s: %w", name, redisinfo.ErrMalformed)
		}
		if database >= usualDatabases && database != in.database {
			databases = append(databases, database)
		}
	}
	found := make([]Series, 0, len(databases))
	for _, database := range databases {
		space, err := in.info.Keyspace(database)
		if err != nil {
			return nil, err
		}
		found = append(found, Series{
			Labels: map[string]string{LabelDatabase: strconv.Itoa(database)},
			Value:  float64(space.Keys),
		})
	}
	return found, nil
}
