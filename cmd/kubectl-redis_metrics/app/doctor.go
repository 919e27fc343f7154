package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
)

func newDoctor(p *plugin) *cobra.Command {
	var before bool
	var output string
	command := &cobra.Command{
		Use:   "doctor [hpa/NAME | redis/NAME]",
		Short: "Find out why an HPA does not scale on Redis, and what to do",
		Long: `doctor checks each hop from an HPA to Redis: the APIServices, the rights, the
adapter, the HPA, the Redis object, the value that the HPA reads, and the
workload. Without an argument it checks the installation, and gives an overview
of all objects.

Each check has a mark and a sentence. Unless it is ok, it also has a code, a fix
and a command. deploy/docs/troubleshooting.md explains the codes. Fix the trouble
that "First" names first. A check is unknown if you may not read what it needs.

The exit code is 0 if all is well, 1 if there is a warning or something unknown,
and 2 if there is a failure.`,
		Example: `  # Check an HPA, and everything that it depends on
  kubectl redis-metrics doctor hpa/app-hpa

  # Check a Redis object of another namespace
  kubectl redis-metrics doctor redis/my-redis -n shop

  # Check whether the adapter can be installed
  kubectl redis-metrics doctor --pre

  # In a script: print the first code
  kubectl redis-metrics doctor hpa/app-hpa -o json | jq -r .first`,
		Args:              atMostOneObject(kindHPA, kindRedis),
		ValidArgsFunction: p.completeObject(kindHPA, kindRedis),
		RunE: func(command *cobra.Command, args []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("--output %q is unknown: use json, or leave it out", output)
			}
			if before && len(args) > 0 {
				return errors.New("--pre takes no argument: it looks at a cluster without the adapter")
			}
			report, err := p.examine(command, before, args)
			if err != nil {
				return err
			}
			if err := p.writeReport(report, output); err != nil {
				return err
			}
			if code := report.ExitCode(); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&before, "pre", false, "Check whether the adapter can be installed.")
	command.Flags().StringVarP(&output, "output", "o", "", "Output format: json.")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (p *plugin) examine(command *cobra.Command, before bool, args []string) (doctor.Report, error) {
	var kind, name string
	if len(args) > 0 {
		var err error
		if kind, name, err = parseObject(args[0], kindHPA, kindRedis); err != nil {
			return doctor.Report{}, err
		}
	}
	api, namespace, err := p.api()
	if err != nil {
		return doctor.Report{}, err
	}
	d, ctx := doctor.New(api), command.Context()
	if err := answers(ctx, api); err != nil {
		return doctor.Report{}, err
	}
	switch {
	case before:
		return d.Before(ctx), nil
	case kind == kindHPA:
		return d.HPA(ctx, namespace, name), nil
	case kind == kindRedis:
		return d.Redis(ctx, namespace, name), nil
	}
	return d.Installation(ctx), nil
}

// answers returns an error where no check can succeed.
func answers(ctx context.Context, api doctor.API) error {
	var info version.Info
	err := api.Get(ctx, "/version", &info)
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &status):
		return fmt.Errorf("the API server does not answer: %w", err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("the API server does not know you: %w", err)
	}
	return nil
}

func (p *plugin) writeReport(report doctor.Report, output string) error {
	if output != "json" {
		for i := range report.Checks { // its colours are control sequences
			check := &report.Checks[i]
			for _, text := range []*string{&check.Message, &check.Fix, &check.Command} {
				*text = printers.EscapeTerminal(*text)
			}
		}
		return report.Write(p.stdout, printers.IsTerminal(p.stdout) && os.Getenv("NO_COLOR") == "")
	}
	first, _ := report.First()
	encoder := json.NewEncoder(p.streams.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		First    doctor.Code    `json:"first,omitempty"`
		ExitCode int            `json:"exitCode"`
		Checks   []doctor.Check `json:"checks"`
	}{first.Code, report.ExitCode(), report.Checks})
}
