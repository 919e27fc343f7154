// Package app is the kubectl plugin: its commands, their flags, and what they print.
package app

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// plugin is what the commands share.
type plugin struct {
	flags   *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
	version string
}

// Main runs the plugin and returns its exit code.
func Main(ctx context.Context, arguments []string, version string, streams genericiooptions.IOStreams) int {
	root := newRoot(version, streams)
	root.SetArgs(arguments)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(streams.ErrOut, "error:", err)
		return 2
	}
	return 0
}

func newRoot(version string, streams genericiooptions.IOStreams) *cobra.Command {
	p := &plugin{genericclioptions.NewConfigFlags(true), streams, version}
	root := &cobra.Command{
		Use:         "kubectl-redis_metrics",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl redis-metrics"},
		Short:       "Show what the redis-metrics-adapter serves, and why an HPA does not scale on it",
		Version:     version, SilenceUsage: true, SilenceErrors: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	p.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(newSimulate(p))
	return root
}
