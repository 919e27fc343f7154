// Package app is the kubectl plugin: its commands, their flags, and what they print.
//
// It only reads the cluster, with the rights of whoever runs it. Package doctor has the checks. A command returns an
// error, which is printed, or an exitCode, which is not.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
)

// exitCode ends the program without a message.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// plugin is what the commands share.
type plugin struct {
	flags *genericclioptions.ConfigFlags
	// streams escape control sequences, and stdout does not.
	streams genericiooptions.IOStreams
	stdout  io.Writer
	version string
}

// escaper escapes control sequences, so that people who may write an HPA cannot control the terminal of whoever
// lists it.
type escaper struct{ w io.Writer }

func (e escaper) Write(text []byte) (int, error) {
	return len(text), printers.WriteEscaped(e.w, string(text))
}

// Main runs the plugin and returns its exit code.
func Main(ctx context.Context, arguments []string, version string, streams genericiooptions.IOStreams) int {
	stdout := streams.Out
	streams.Out, streams.ErrOut = escaper{streams.Out}, escaper{streams.ErrOut}
	root := newRoot(&plugin{genericclioptions.NewConfigFlags(true), streams, stdout, version})
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case errors.As(err, &code):
		return int(code)
	case err != nil:
		fmt.Fprintln(streams.ErrOut, "error:", err)
		return 2
	}
	return 0
}

func newRoot(p *plugin) *cobra.Command {
	root := &cobra.Command{
		Use:         "kubectl-redis_metrics",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl redis-metrics"},
		Short:       "Show what the redis-metrics-adapter serves, and why an HPA does not scale on it",
		Long: `kubectl redis-metrics shows what the redis-metrics-adapter serves, and why a
HorizontalPodAutoscaler does not scale on it. It changes nothing, reads no
Secret, and uses only your own rights.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.streams.In)
	root.SetOut(p.stdout)
	root.SetErr(p.streams.ErrOut)
	p.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(newDoctor(p), newMetrics(p), newExplain(p), newSimulate(p), newTop(p), newVersion(p))
	return root
}

// api returns the client of the commands, and the namespace in which they look up names.
func (p *plugin) api() (api doctor.API, namespace string, err error) {
	config, err := p.flags.ToRESTConfig()
	if err != nil {
		return nil, "", err
	}
	if namespace, _, err = p.flags.ToRawKubeConfigLoader().Namespace(); err != nil {
		return nil, "", err
	}
	api, err = doctor.NewClient(config)
	return api, namespace, err
}

// metricNames completes the name of a built-in metric.
func metricNames() []string {
	var names []string
	for _, metric := range catalog.Builtin().All() {
		names = append(names, metric.Name+"\t"+metric.Help)
	}
	return names
}
