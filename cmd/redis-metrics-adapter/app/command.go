package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
)

// usage opens the help text.
const usage = `redis-metrics-adapter serves metrics of Redis through the custom metrics API of
Kubernetes, to the HorizontalPodAutoscaler. It samples each Redis that an object
of kind Redis names.

Usage:
  redis-metrics-adapter [flags]
`

// columns is the width of the help text.
const columns = 100

// Main runs the program until a signal ends it.
func Main(arguments []string, version string, stdout io.Writer) error {
	options := NewOptions()
	sections := options.flagSets()
	general := sections.FlagSet("general")
	help := general.BoolP("help", "h", false, "Print this text.")
	printVersion := general.Bool("version", false, "Print the version.")
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetNormalizeFunc(flag.WordSepNormalizeFunc)
	flags.Usage = func() {}
	for _, section := range sections.FlagSets {
		flags.AddFlagSet(section)
	}
	if err := flags.Parse(arguments); err != nil {
		return fmt.Errorf("%w; --help lists the flags", err)
	}
	switch {
	case *help:
		_, err := io.WriteString(stdout, usage)
		flag.PrintSections(stdout, *sections, columns)
		return err
	case *printVersion:
		_, err := fmt.Fprintln(stdout, name, version)
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: everything is set by flags, --help lists them", flags.Arg(0))
	}
	if err := errors.Join(options.complete(), options.validate()); err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(options.Logging, nil); err != nil {
		return err
	}
	defer logs.FlushLogs()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	klog.FromContext(ctx).Info("Starting", "version", version)
	return run(ctx, options, version)
}
