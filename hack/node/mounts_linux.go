package node

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// inMemory are the directories into which the programs of a node write. Inside they are empty at first.
var inMemory = []string{"/run", "/var/lib", "/var/log"}

// tunables are what the kubelet wants of the kernel as a whole. Inside it reads that it is so, and changes nothing.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// mountAll makes new namespaces a place in which a node can run.
func mountAll() error {
	// Nothing that is mounted from here on is seen outside; the containers' mounts are to see what the node's do.
	for _, flag := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", unix.MS_REC|flag, ""); err != nil {
			return fmt.Errorf("set how mounts spread: %w", err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, dir := range inMemory {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := mountTunables(); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return err
	}
	return bringUpLoopback()
}

func mountTunables() error {
	for name, value := range tunables {
		cover := filepath.Join("/run/tunables", name)
		if err := os.MkdirAll(filepath.Dir(cover), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(cover, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(cover, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover /proc/sys/%s: %w", name, err)
		}
	}
	return nil
}

// bringUpLoopback brings up loopback and gives it the node's address, which pods reach through their gateway.
func bringUpLoopback() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(nodeAddress), Mask: net.CIDRMask(32, 32)}}
	if err := netlink.AddrAdd(loopback, address); err != nil {
		return fmt.Errorf("give the node its address: %w", err)
	}
	// What the node itself sends to a Service must have a way before kube-proxy's rules give it another.
	_, services, err := net.ParseCIDR(cluster.ServiceRange)
	if err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: loopback.Attrs().Index, Dst: services, Src: net.ParseIP(nodeAddress)}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("add the route to Services: %w", err)
	}
	return nil
}
