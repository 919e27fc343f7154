package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Names of the control plane's processes, as [Cluster.Process] knows them and as their binaries are called.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	SecondAPIServer   = "second-kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

const kubectl = "kubectl"

// Options says what to start. The zero value is a cluster with upstream's own timings and binaries from $BIN_DIR.
type Options struct {
	// BinDir holds the control plane's binaries and the adapter. Default: $BIN_DIR.
	BinDir string
	// SecondAPIServer is the kube-apiserver of another release, which serves beside that of BinDir, as during an upgrade:
	// connections go to one and the other in turn. Default: $SECOND_API_SERVER, or else there is one API server.
	SecondAPIServer string
	// Dir holds data, certificates, kubeconfigs and logs. It must be empty or absent, and is kept.
	// Default: a temporary directory that Stop removes.
	Dir string
	// KeepLogs is where Stop copies the logs to if the directory is temporary. Default: $KEEP_LOGS, or else they are removed.
	KeepLogs string
	// Log receives a line per step. Default: none.
	Log io.Writer
	// HPASyncPeriod is how often the HPA controller looks. Default: 15s, as upstream.
	HPASyncPeriod time.Duration
	// HPADownscaleStabilization is how long a scale-in is held back where the HPA does not say. Default: 5m, as upstream.
	HPADownscaleStabilization time.Duration
	// Nodes is how many fake nodes there are. Default: 3.
	Nodes int
	// NodeAddress is where a real node of this machine, which somebody else starts, and its pods reach the API server.
	// There are no fake nodes then. Default: none, and the API server is reached from this machine alone.
	NodeAddress string
	// Port is the API server's. Default: one that is free.
	Port int
	// ExtraArgs are added to the arguments of a process, by its name.
	ExtraArgs map[string][]string
}

func (o *Options) complete() error {
	o.BinDir = cmp.Or(o.BinDir, os.Getenv("BIN_DIR"))
	o.SecondAPIServer = cmp.Or(o.SecondAPIServer, os.Getenv("SECOND_API_SERVER"))
	o.KeepLogs = cmp.Or(o.KeepLogs, os.Getenv("KEEP_LOGS"))
	o.Log = cmp.Or(o.Log, io.Discard)
	o.HPASyncPeriod = cmp.Or(o.HPASyncPeriod, 15*time.Second)
	o.HPADownscaleStabilization = cmp.Or(o.HPADownscaleStabilization, 5*time.Minute)
	if o.NodeAddress == "" {
		o.Nodes = cmp.Or(o.Nodes, 3)
	}
	if err := o.checkBinaries(); err != nil {
		return err
	}
	var err error
	o.BinDir, err = filepath.Abs(o.BinDir) // processes work in another directory
	return err
}

func (o *Options) checkBinaries() error {
	if o.BinDir == "" {
		return errors.New("no directory of control plane binaries: set BIN_DIR, or run the tests through make")
	}
	names := []string{Etcd, APIServer, ControllerManager, Scheduler, kubectl}
	if o.Nodes > 0 {
		names = append(names, Kwok)
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(o.BinDir, name)); err != nil {
			return fmt.Errorf("control plane binary missing, run \"make tools\": %w", err)
		}
	}
	return nil
}

// prepareDir returns the directory to work in and whether Stop shall remove it.
func (o *Options) prepareDir() (dir string, temporary bool, err error) {
	if o.Dir == "" {
		dir, err = os.MkdirTemp("", "cluster-")
		return dir, true, err
	}
	dir, err = filepath.Abs(o.Dir)
	if err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false, err
	}
	if len(entries) > 0 {
		return "", false, fmt.Errorf("directory %s is not empty: remove it or name another", dir)
	}
	return dir, false, nil
}
