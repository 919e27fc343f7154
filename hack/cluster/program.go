package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Program is one more program to run beside the control plane, a Redis for instance.
type Program struct {
	// Name names the process and its log.
	Name string
	// Path is what to run: a path, or a name on PATH.
	Path string
	Args []string
	// Env is the environment. Default: this program's own.
	Env []string
	// Ready returns nil once the program serves. Default: it is ready at once.
	Ready func(context.Context) error
}

// StartProgram starts a program that ends with the cluster at the latest, and waits until it is ready. It works in the
// cluster's directory.
func (c *Cluster) StartProgram(ctx context.Context, program Program) (*Process, error) {
	ready := program.Ready
	if ready == nil {
		ready = func(context.Context) error { return nil }
	}
	process := &Process{
		name:    program.Name,
		path:    program.Path,
		args:    program.Args,
		env:     program.Env,
		dir:     c.dir,
		logPath: filepath.Join(c.dir, "logs", program.Name+".log"),
		ready:   ready,
	}
	if err := c.bring(ctx, process); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", program.Name, err), process.Stop())
	}
	return process, nil
}
