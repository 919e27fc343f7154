package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/terminal"
)

// topOutputs are the formats of top. The empty one is a table.
var topOutputs = []string{"", "wide", "json", "yaml"}

// top is what the command shows, and how.
type top struct {
	*plugin
	// namespace is empty for all namespaces, and redis is empty unless one object is
	// shown.
	namespace, redis string
	allNamespaces    bool
	watch            bool
	interval         time.Duration
	output           string
	web              web
}

func newTop(p *plugin) *cobra.Command {
	t := &top{plugin: p}
	command := &cobra.Command{
		Use:   "top [redis/NAME]",
		Short: "Show Redis objects, their metrics, and the HPAs that use them",
		Long: `top lists the Redis objects of a namespace with their requests per second, and the
HPAs that use them: each metric with its target and value, and the replicas. With
an object it shows all metrics of the object: unit, the time that a rate covers,
the age of the value, and the value. --watch redraws this at each interval, and
adds the values seen so far. --web draws each HPA over time on a page: values
against targets, desired and ready replicas, decisions and Events.

top reads values as the HPA does. An unknown value shows its reason, never 0.
Current and desired replicas are what the HPA controller wrote last. If you may not
read something, top names the right that you need. The exit code is 2 if nothing
could be read.`,
		Example: `  # Show the objects and HPAs of all namespaces
  kubectl redis-metrics top -A

  # Watch all metrics of an object
  kubectl redis-metrics top redis/my-redis -w

  # Draw the HPAs of a namespace in the browser
  kubectl redis-metrics top --web -n shop

  # In a script: print the metrics of HPAs that are unknown
  kubectl redis-metrics top -o json | jq '.hpas[].metrics[] | select(.error)'`,
		Args:              atMostOneObject(kindRedis),
		ValidArgsFunction: p.completeObject(kindRedis),
		RunE:              func(command *cobra.Command, args []string) error { return t.run(command.Context(), args) },
	}
	flags := command.Flags()
	flags.BoolVarP(&t.allNamespaces, "all-namespaces", "A", false, "Show the objects and HPAs of all namespaces.")
	flags.BoolVarP(&t.watch, "watch", "w", false, "Read again at each interval, until interrupted.")
	flags.DurationVar(&t.interval, "interval", 5*time.Second, "How often --watch and --web read, at least 1s.")
	flags.StringVarP(&t.output, "output", "o", "", "Output format: wide, json or yaml.")
	t.web.addFlags(flags, printers.IsTerminal(p.stdout))
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(topOutputs[1:], cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (t *top) run(ctx context.Context, args []string) error {
	switch {
	case !slices.Contains(topOutputs, t.output):
		return fmt.Errorf("--output %q is unknown: use wide, json or yaml, or leave it out", t.output)
	case t.interval < time.Second:
		return errors.New("--interval must be at least 1s: the adapter samples no object more often")
	case t.web.enabled && (t.watch || t.output != ""):
		return errors.New("--web shows a page: leave out --watch and --output")
	case t.allNamespaces && len(args) > 0:
		return errors.New("--all-namespaces does not go with an object: name its namespace with --namespace")
	}
	if len(args) > 0 {
		var err error
		if _, t.redis, err = parseObject(args[0], kindRedis); err != nil {
			return err
		}
	}
	api, namespace, err := t.api()
	if err != nil {
		return err
	}
	if !t.allNamespaces {
		t.namespace = namespace
	}
	if err := answers(ctx, api); err != nil {
		return err
	}
	reader := overview.NewReader(api)
	if t.web.enabled {
		return t.serve(ctx, reader)
	}
	return t.show(ctx, reader)
}

// show reads and writes once, or repeatedly until the context ends. After the first success, errors are part of what it
// shows.
func (t *top) show(ctx context.Context, reader *overview.Reader) error {
	ticker := time.NewTicker(t.interval)
	defer ticker.Stop()
	seen := seenValues{}
	for first := true; ; first = false {
		o, err := t.read(ctx, reader)
		switch {
		case t.watch && ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			o = overview.Overview{Time: time.Now(), Problems: strings.Split(err.Error(), "\n")}
		}
		seen.add(o)
		if err := t.write(o, seen); err != nil || !t.watch {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (t *top) read(ctx context.Context, reader *overview.Reader) (overview.Overview, error) {
	if t.redis != "" {
		return reader.Object(ctx, t.namespace, t.redis)
	}
	return reader.All(ctx, t.namespace)
}

func (t *top) write(o overview.Overview, seen seenValues) error {
	switch t.output {
	case "json":
		encoder := json.NewEncoder(t.streams.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(o)
	case "yaml":
		text, err := yaml.Marshal(o)
		if err == nil && t.watch {
			text = append([]byte("---\n"), text...)
		}
		if err != nil {
			return err
		}
		_, err = t.streams.Out.Write(text)
		return err
	}
	if !t.watch {
		seen = nil
	}
	text, err := draw(o, t, seen)
	if err != nil {
		return err
	}
	if t.watch {
		text = o.Time.Format(time.RFC3339) + "\n\n" + text
		if columns, rows, ok := terminal.Size(t.stdout); ok {
			_, err = io.WriteString(t.stdout, terminal.Frame(printers.EscapeTerminal(text), columns, rows))
			return err
		}
		text += "\n"
	}
	_, err = io.WriteString(t.streams.Out, text)
	return err
}
