package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Options says what to measure with.
type Options struct {
	// BinDir holds the binaries of the control plane, of the adapter and of the minimal one.
	BinDir string
	// Manifests is the directory deploy/base.
	Manifests string
	// Output is the directory for JSON files and profiles.
	Output string
	// Out receives tables, and Log a line per step.
	Out, Log io.Writer
}

// part measures one thing.
type part struct {
	name string
	run  func(context.Context, *harness) ([]Figure, error)
}

func parts() []part {
	return []part{
		{"sample", measureSample},
		{"reaction", measureReaction},
		{"api", measureAPI},
		{"isolation", measureIsolation},
		{"delegate", measureDelegateFaults},
		{"scale", measureScale},
	}
}

// Run measures the parts of the given names, all of them if there are none, and fails where a ratio is missed.
func Run(ctx context.Context, options Options, names ...string) (err error) {
	if err := known(names); err != nil {
		return err
	}
	if err := os.MkdirAll(options.Output, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &harness{options: options}
	defer func() {
		cancel()
		err = errors.Join(err, h.close())
	}()
	var missed []error
	for _, one := range parts() {
		if len(names) > 0 && !slices.Contains(names, one.name) {
			continue
		}
		fmt.Fprintf(options.Log, "measuring %s\n", one.name)
		figures, err := one.run(ctx, h)
		if err := errors.Join(err, publish(options, one.name, figures)); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		for _, f := range figures {
			missed = append(missed, f.verdict())
		}
	}
	return errors.Join(missed...)
}

func known(names []string) error {
	var all []string
	for _, one := range parts() {
		all = append(all, one.name)
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is no part %q: name some of %s, or none to run all", name, strings.Join(all, ", "))
		}
	}
	return nil
}
