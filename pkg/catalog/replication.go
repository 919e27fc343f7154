package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func replicationRows() []Metric {
	labels := []string{LabelReplica}
	return []Metric{
		{
			Name: "connected-replicas", Unit: "replicas", Kind: Gauge, Aggregation: Sum,
			Help:  "Connected replicas, including those that still synchronize. A replica with several connections counts once.",
			gauge: computed(connectedReplicas, "connected_slaves", replicaPrefix+"*"),
		},
		{
			Name: "replication-lag-bytes", Unit: "bytes", Kind: Gauge, Aggregation: Max, Labels: labels,
			Help:  "Bytes of the replication stream that a replica has not acknowledged yet; replicas acknowledge once a second. Without a selector, the value of the slowest replica. `replica` is the position in the primary's list, which changes when a replica leaves. Unknown without replicas, and while one synchronizes.",
			gauge: computed(replicationLagBytes, "master_repl_offset", replicaPrefix+"*"),
		},
		{
			Name: "replication-lag-seconds", Unit: "s", Kind: Gauge, Aggregation: Max, Labels: labels,
			Help:  "Whole seconds since a replica last acknowledged: 0 or 1 in normal operation. Without a selector, the value of the slowest replica. Unknown without replicas, and while one synchronizes.",
			gauge: computed(replicationLagSeconds, replicaPrefix+"*"),
		},
		{
			Name: "primary-link-up", Unit: "0 or 1", Kind: Gauge, Aggregation: Min,
			Help:  "On a replica: 1 while it is connected to its primary and synchronized. Unknown on a primary.",
			gauge: computed(primaryLinkUp, "master_link_status"),
		},
		{
			Name: "primary-last-io-seconds", Unit: "s", Kind: Gauge, Aggregation: Max,
			Help:  "On a replica: whole seconds since it last heard from its primary, which sends at least a ping every 10 seconds. Unknown on a primary, and while the link is down.",
			gauge: computed(primaryLastIO, "master_link_status", "master_last_io_seconds_ago"),
		},
	}
}

// replicationLagBytes returns what a primary has written minus what each replica has
// acknowledged.
func replicationLagBytes(in gaugeInput) ([]Series, error) {
	written, err := in.info.Int("master_repl_offset")
	if err != nil {
		return nil, err
	}
	return replicas(in.info, func(record redisinfo.Record) (int64, error) {
		acknowledged, err := record.Int("offset")
		if err != nil {
			return 0, err
		}
		if acknowledged == 0 && written > 0 {
			// Redis reports 0 until the first acknowledgement, which says nothing.
			return 0, errors.New("it has not acknowledged anything yet")
		}
		return written - acknowledged, nil
	})
}

// replicationLagSeconds requires an offset as well. Dragonfly has none, and its lag is
// not in seconds.
func replicationLagSeconds(in gaugeInput) ([]Series, error) {
	return replicas(in.info, func(record redisinfo.Record) (int64, error) {
		lag, errLag := record.Int("lag")
		_, errOffset := record.Int("offset")
		return lag, errors.Join(errLag, errOffset)
	})
}

// replicas returns a series for each replica of the list.
func replicas(info *redisinfo.Info, lag func(redisinfo.Record) (int64, error)) ([]Series, error) {
	listed, err := listedReplicas(info)
	if err != nil {
		return nil, err
	}
	if len(listed) == 0 {
		return nil, errors.New("no replica is connected, so there is no lag")
	}
	found := make([]Series, 0, len(listed))
	for _, record := range listed {
		number := strings.TrimPrefix(record.Key(), replicaPrefix)
		s := Series{Labels: map[string]string{LabelReplica: number}}
		n, err := lag(record)
		if errState := synchronized(record); errState != nil {
			err = errState // Redis shows a lag of 0 while it synchronizes a replica
		}
		if err != nil {
			s.err = fmt.Errorf("replica %s: %w", number, err)
		}
		s.Value = float64(n)
		found = append(found, s)
	}
	return found, nil
}

const replicaPrefix = "slave"

// listedReplicas returns the connections of replicas in a primary's list. The list also has servers that migrate slots,
// and clients that ask for a copy of the data. Unlike a replica, they report no port on which they listen.
// Source: genRedisInfoString in server.c, and REPLCONF listening-port.
func listedReplicas(info *redisinfo.Info) ([]redisinfo.Record, error) {
	connected, err := info.Int("connected_slaves")
	if err != nil {
		return nil, err
	}
	var replicas []redisinfo.Record
	all := int64(0)
	for _, record := range info.Numbered(replicaPrefix) {
		all++
		port, err := record.Int("port")
		if err != nil {
			return nil, err
		}
		if port != 0 {
			replicas = append(replicas, record)
		}
	}
	if all != connected {
		return nil, fmt.Errorf("%d replicas are connected and INFO describes %d of them", connected, all)
	}
	return replicas, nil
}

// connectedReplicas counts replicas by their addresses. A replica that synchronizes
// over two channels, or has just come back, has two connections.
func connectedReplicas(in gaugeInput) ([]Series, error) {
	listed, err := listedReplicas(in.info)
	if err != nil {
		return nil, err
	}
	addresses := map[string]bool{}
	for _, record := range listed {
		ip, errIP := record.Text("ip")
		port, errPort := record.Text("port")
		if err := cmp.Or(errIP, errPort); err != nil {
			return nil, err
		}
		addresses[net.JoinHostPort(ip, port)] = true
	}
	return []Series{{Value: float64(len(addresses))}}, nil
}

func synchronized(record redisinfo.Record) error {
	state, err := record.Text("state")
	if err == nil && state != "online" {
		err = fmt.Errorf("it is not synchronized: its state is %.32q", state)
	}
	return err
}

func primaryLinkUp(in gaugeInput) ([]Series, error) {
	value := 0.0
	up, err := linkUp(in.info)
	if up {
		value = 1
	}
	return []Series{{Value: value}}, err
}

func primaryLastIO(in gaugeInput) ([]Series, error) {
	up, err := linkUp(in.info)
	if err != nil {
		return nil, err
	}
	if !up {
		return nil, errors.New("the link to the primary is down")
	}
	return level("master_last_io_seconds_ago").of(in)
}

// linkUp reports whether a replica is connected to its primary.
func linkUp(info *redisinfo.Info) (bool, error) {
	role, err := Role(info)
	if err != nil {
		return false, err
	}
	if role == "primary" {
		return false, errors.New("the server is a primary, and this is a metric of replicas")
	}
	status, err := info.Text("master_link_status")
	switch {
	case err != nil:
		return false, err
	case status == "up", status == "down":
		return status == "up", nil
	}
	return false, fmt.Errorf("INFO field master_link_status: %w: %.32q", redisinfo.ErrMalformed, status)
}
