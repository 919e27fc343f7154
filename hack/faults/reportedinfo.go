package faults

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// reportedReplicas is how many replicas a primary reports.
const reportedReplicas = 70

// reportedInfo returns the rows of what a server reports about itself.
func reportedInfo() []Fault {
	return []Fault{
		{
			Name: "a primary has 70 replicas", How: "proxy: rewrites INFO to list 70 addresses, each of which reports that it is a replica", Scope: ReportedInfo,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 4, inject: manyReplicas,
		},
		{
			Name: "INFO reports little", How: "proxy: removes loading, persistence, replication and commands from INFO", Scope: ReportedInfo,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 4, inject: reportsLittle,
			// Metrics over several samples begin again, because nothing shows that the server is the
			// same.
			Except: []Exception{except("a metric that one sample reads from a key", verifier.Serves, verifier.LevelsOf(verifier.AnyKey))},
		},
	}
}

func manyReplicas(ctx context.Context, s *Subject, hold func()) error {
	_, port, err := net.SplitHostPort(s.InfoProxy.Address())
	if err != nil {
		return err
	}
	keys, err := s.Server.Client().DBSize(ctx).Result()
	if err != nil {
		return err
	}
	truth, sent := s.Load.Truth(), time.Now()
	truth.Set(verifier.ReplicaKeys, sent, sent, float64(reportedReplicas*keys))
	truth.Set(verifier.ReplicaConnections, sent, sent, reportedReplicas*float64(len(s.Adapters)))
	s.InfoProxy.Rewrite(func(at net.IP, info string) string { return asOneOfMany(at, port, info) })
	hold()
	lifted := time.Now()
	s.InfoProxy.Rewrite(nil)
	err = s.until(ctx, "the adapters have left the replicas", func(ctx context.Context) bool {
		stats, err := s.Server.Client().InfoMap(ctx, "clients").Result()
		connected, errCount := strconv.Atoi(stats["Clients"]["connected_clients"])
		return err == nil && errCount == nil && connected <= verifier.MostConnections
	})
	truth.Set(verifier.ReplicaConnections, lifted, time.Now(), 0)
	return err
}

// asOneOfMany makes a server report many replicas, at addresses of this machine, or at such an address be one of them.
func asOneOfMany(at net.IP, port, info string) string {
	lines := strings.Split(info, "\r\n")
	number := 0
	if at = at.To4(); at[2] == replicaNet {
		number = int(at[3])
	}
	for n, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		switch {
		case name == "run_id":
			lines[n] = fmt.Sprintf("run_id:%040x", number+1)
		case name == "role" && number > 0:
			lines[n] = "role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:" + port + "\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:0"
		case name == "connected_slaves" && number == 0:
			lines[n] = fmt.Sprintf("connected_slaves:%d", reportedReplicas)
			for replica := range reportedReplicas {
				lines[n] += fmt.Sprintf("\r\nslave%d:ip=127.0.%d.%d,port=%s,state=online,offset=1,lag=0", replica, replicaNet, replica+1, port)
			}
		}
	}
	return strings.Join(lines, "\r\n")
}

// replicaNet is the third byte of the addresses of replicas.
const replicaNet = 1

func reportsLittle(_ context.Context, s *Subject, hold func()) error {
	s.InfoProxy.Rewrite(func(_ net.IP, info string) string { return hostedSections(info) })
	hold()
	s.InfoProxy.Rewrite(nil)
	return nil
}

// hostedSections keeps the sections of INFO that a hosted service reports.
// Source: https://upstash.com/docs/redis/overall/rediscompatibility
func hostedSections(info string) string {
	var kept []string
	keeps := true
	for _, line := range strings.Split(info, "\r\n") {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			switch title {
			case "Server", "Clients", "Memory", "Stats", "Cluster", "Keyspace":
				keeps = true
			default:
				keeps = false
			}
		}
		if keeps {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\r\n") + "\r\n"
}
