package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// perServer is how many of the Redis are one process, at addresses of their own.
	perServer = 100
	// CPU is measured over spans one after the other, each of a whole sync of the HPA controller, and the spans of a row over
	// the longest interval of a peer. Memory is read at the end of each. What they differ by is the noise.
	spans, span = 2, syncPeriod
	// warming is how long all is left alone before it is measured.
	warming = 5 * time.Second
)

// measureCost measures a peer that serves one list of each of ever more Redis, with an HPA for each, first in the setting that
// reads the less often. So all are known before each is read every 5 s, which may take all the processors there are.
func measureCost(b *testing.B, p peer, result *Result) {
	plane := newPlane(b, p, result)
	var servers []*redistest.Server
	var all []workload
	for _, count := range redisCounts(b) {
		known := len(all)
		for i := known; i < count; i++ {
			if i%perServer == 0 {
				server := redistest.New(b, "--bind", "127.2.0.1", "--bind", "0.0.0.0", "--maxclients", "4000")
				server.Do(append([]any{"rpush", list}, elements(jobsPerReplica)...)...)
				servers = append(servers, server)
			}
			w := standaloneAt(fmt.Sprintf("redis-%04d", i), addressAt(b, servers[i/perServer], i)).workload(jobs, recommended)
			w.target = jobsPerReplica
			all = append(all, w)
		}
		measured := row{}
		for _, s := range []setting{recommended, fresh} {
			if s == recommended || p.configuration(s) != p.configuration(recommended) {
				more := all[known:]
				for i := range all {
					if all[i].setting != s {
						all[i].setting, more = s, all
					}
				}
				began := time.Now()
				p.watch(b, more)
				plane.awaitValues(b, p, all)
				say("  %d Redis have values after %.0f s: %s", count, time.Since(began).Seconds(), p.configuration(s))
				verifier.Sleep(b.Context(), warming)
				measured = row{}
				if err := errors.Join(measured.cost(b.Context(), plane, servers, count), plane.Err()); err != nil {
					b.Fatal(err)
				}
				measured.Print(os.Stderr, fmt.Sprintf("%s, %d Redis, %s", p.name(), count, p.configuration(s)))
			}
			result.add(costTable, strconv.Itoa(count)+" Redis", string(s), p).Table = measured.Table
		}
	}
}

// addressAt returns one of the addresses at which a server listens.
func addressAt(b *testing.B, server *redistest.Server, i int) string {
	b.Helper()
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	return net.JoinHostPort(fmt.Sprintf("127.1.%d.%d", i/perServer, 1+i%perServer), port)
}

// cost fills a row with what the processes of a peer take.
func (r *row) cost(ctx context.Context, plane *plane, servers []*redistest.Server, count int) error {
	programs := append(slices.Clone(plane.programs), program{Process: plane.Process(cluster.APIServer)})
	own := len(programs) - 1
	dialed, err := connectionsReceived(ctx, servers)
	if err != nil {
		return err
	}
	began := time.Now()
	var peerCores, apiServerCores, resident []float64
	for range spans {
		before, errBefore := cpuOf(programs)
		start := time.Now()
		verifier.Sleep(ctx, span)
		after, errAfter := cpuOf(programs)
		if err := errors.Join(errBefore, errAfter); err != nil {
			return err
		}
		seconds, total, bytes := time.Since(start).Seconds(), time.Duration(0), uint64(0)
		for i, each := range programs[:own] {
			total += after[i] - before[i]
			memory, err := measure.Memory(each.PID())
			if err != nil {
				return err
			}
			bytes += memory.VmRSS
		}
		resident = append(resident, float64(bytes)/(1<<20))
		peerCores = append(peerCores, 1000*total.Seconds()/seconds)
		apiServerCores = append(apiServerCores, 1000*(after[own]-before[own]).Seconds()/seconds)
	}
	redialed, err := connectionsReceived(ctx, servers)
	if err != nil {
		return err
	}
	dials := float64(redialed-dialed) / float64(count) / time.Since(began).Minutes()
	open, err := connectionsOpen(ctx, servers)
	if err != nil {
		return err
	}
	r.Typical("CPU", "millicores", peerCores)
	r.Typical("Memory", "MiB", resident)
	r.Add("Processes", float64(own), "")
	r.Add("Connections per Redis", float64(open)/float64(count), "")
	r.Add("New connections per Redis and minute", dials, "")
	r.Typical("CPU of the API server", "millicores", apiServerCores)
	return nil
}

func cpuOf(programs []program) ([]time.Duration, error) {
	times := make([]time.Duration, len(programs))
	for i, each := range programs {
		var err error
		if times[i], err = measure.CPUTime(each.PID()); err != nil {
			return nil, fmt.Errorf("%s: %w", each.name, err)
		}
	}
	return times, nil
}

// connectionsReceived returns how many connections servers have accepted in all.
func connectionsReceived(ctx context.Context, servers []*redistest.Server) (total int, err error) {
	for _, each := range servers {
		info, err := each.Client().InfoMap(ctx, "stats").Result()
		if err != nil {
			return 0, err
		}
		count, err := strconv.Atoi(info["Stats"]["total_connections_received"])
		if err != nil {
			return 0, err
		}
		total += count
	}
	return total, nil
}

// connectionsOpen returns how many connections servers have at the addresses of the Redis.
func connectionsOpen(ctx context.Context, servers []*redistest.Server) (total int, err error) {
	for i, each := range servers {
		clients, err := each.Client().ClientList(ctx).Result()
		if err != nil {
			return 0, err
		}
		total += strings.Count(clients, fmt.Sprintf(" laddr=127.1.%d.", i))
	}
	return total, nil
}
