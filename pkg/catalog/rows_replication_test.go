package catalog_test

import "github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"

func replicationRows() map[string][]row {
	const online = "ip=10.0.0.2,port=6379,state=online,"
	two := func(more ...string) lines {
		return append(lines{"connected_slaves:2", "master_repl_offset:1000", "slave_expires_tracked_keys:0", "slave0:" + online + "offset=1000,lag=1"}, more...)
	}
	never := []row{
		{name: "no replica", last: lines{"connected_slaves:0", "master_repl_offset:1000"}, err: "no replica is connected"},
		{name: "one synchronizes", last: two("slave1:ip=10.0.0.3,port=6379,state=send_bulk,offset=0,lag=0"), err: "replica 1: it is not synchronized: its state is \"send_bulk\""},
		{name: "one is not described", last: two(), err: "2 replicas are connected and INFO describes 1"},
		{name: "no offset, as Dragonfly writes it", last: two("slave1:ip=10.0.0.3,port=6379,state=online,lag=77"), err: "replica 1: INFO field slave1: offset: not reported", is: redisinfo.ErrAbsent},
		{name: "no state", last: two("slave1:ip=10.0.0.3,port=6379,offset=9,lag=77"), err: "state: not reported", is: redisinfo.ErrAbsent},
		{name: "absent", last: lines{"master_repl_offset:1"}, err: "connected_slaves: not reported", is: redisinfo.ErrAbsent},
	}
	replica := func(status string, more ...string) lines {
		return append(lines{"role:slave", "master_link_status:" + status}, more...)
	}
	return map[string][]row{
		"replication-lag-bytes": append([]row{
			{name: "the slowest", last: two("slave1:" + online + "offset=900,lag=0"), want: 100},
			{name: "none", last: two("slave1:" + online + "offset=1000,lag=0"), want: 0},
			{name: "nothing written", last: lines{"connected_slaves:1", "master_repl_offset:0", "slave0:" + online + "offset=0,lag=0"}, want: 0},
			{name: "not acknowledged yet", last: two("slave1:" + online + "offset=0,lag=0"), err: "replica 1: it has not acknowledged anything yet"},
			{name: "ahead", last: two("slave1:" + online + "offset=1001,lag=0"), err: "-1"},
			{name: "offset absent", last: lines{"connected_slaves:0"}, err: "master_repl_offset: not reported", is: redisinfo.ErrAbsent},
		}, never...),
		"replication-lag-seconds": append([]row{
			{name: "the slowest", last: two("slave1:" + online + "offset=900,lag=9,type=replica"), want: 9},
			{name: "negative", last: two("slave1:" + online + "offset=900,lag=-1"), err: "-1"},
		}, never...),
		"connected-replicas": {
			{name: "two", last: two("slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0"), want: 2},
			{name: "two at one host", last: two("slave1:ip=10.0.0.2,port=6380,state=online,offset=0,lag=0"), want: 2},
			{name: "none", last: lines{"connected_slaves:0"}, want: 0},
			{name: "one by two channels", last: two("slave1:ip=10.0.0.2,port=6379,state=send_bulk,offset=0,lag=0,type=rdb-channel"), want: 1},
			{name: "a migration of slots", last: two("slave1:ip=10.0.0.9,port=0,state=send_bulk_and_stream,offset=0,lag=0"), want: 1},
			{name: "one is not described", last: two(), err: "2 replicas are connected and INFO describes 1"},
			{name: "one too many is described", last: append(two("slave1:ip=10.0.0.3,port=1,state=online"), "slave2:ip=10.0.0.4,port=1,state=online"), err: "describes 3"},
			{name: "no port", last: two("slave1:ip=10.0.0.3,state=online"), err: "slave1: port: not reported", is: redisinfo.ErrAbsent},
			{name: "no address", last: two("slave1:port=1,state=online"), err: "slave1: ip: not reported", is: redisinfo.ErrAbsent},
			{name: "absent", last: lines{"x:1"}, err: "connected_slaves: not reported", is: redisinfo.ErrAbsent},
		},
		"primary-link-up": {
			{name: "up", last: replica("up"), want: 1},
			{name: "down", last: replica("down"), want: 0},
			{name: "of a primary", last: lines{"connected_slaves:1"}, err: "the server is a primary"},
			{name: "absent", last: lines{"role:slave"}, err: "master_link_status: not reported", is: redisinfo.ErrAbsent},
			{name: "neither", last: replica("maybe"), err: "maybe", is: redisinfo.ErrMalformed},
		},
		"primary-last-io-seconds": {
			{name: "heard", last: replica("up", "master_last_io_seconds_ago:7"), want: 7},
			{name: "down", last: replica("down", "master_last_io_seconds_ago:-1"), err: "the link to the primary is down"},
			{name: "negative", last: replica("up", "master_last_io_seconds_ago:-1"), err: "-1"},
			{name: "of a primary", last: lines{"x:1"}, err: "the server is a primary"},
			{name: "absent", last: replica("up"), err: "master_last_io_seconds_ago: not reported", is: redisinfo.ErrAbsent},
		},
	}
}
