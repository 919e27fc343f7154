package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/utils/ptr"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/simulation"
)

// simulate holds the flags of the command.
type simulate struct {
	*plugin
	files      resource.FilenameOptions
	series     string
	record     time.Duration
	prometheus prometheus
	output     string
	kubernetes string
	replicas   int32
	values     map[string]*[]string
	options    simulation.Options
}

func newSimulate(p *plugin) *cobra.Command {
	s := &simulate{plugin: p, values: map[string]*[]string{}, options: simulation.Options{Controller: hpa.DefaultController()}}
	command := &cobra.Command{
		Use:   "simulate (hpa/NAME | -f FILE) (--series FILE | --record DURATION | --from-prometheus URL)",
		Short: "Show what an HPA would have done under a given load, with several settings side by side",
		Long: `simulate shows what the HPA controller would decide under a load: with tolerance,
stabilization windows, policies, several metrics and unknown values. It covers
Object metrics. It changes nothing.

The load is a file of CSV or JSON lines (--series), what the metrics API serves
during --record, or what Prometheus (--from-prometheus) returns for --query, where
a gap is unknown. In CSV, the first line names the columns: "time", and the name
of each metric, or "value" for a single metric. Each JSON line is an object with
the same names. A time is RFC 3339 or a number of seconds. A value is a quantity,
such as 120 or 1500m, or "unknown". It counts until the next row, and the last row
ends the simulation.

` + "`" + `  time,requests-per-second
  0,120
  60,unknown
  90,480
` + "`" + `
Repeat a setting to compare: the HPA as it is comes first, then each combination.

The load does not react to the replicas. Pods are created and removed at once, and
become ready after --pod-ready-after. Time above target counts while a metric with
a target of type Value is above it, or one of type AverageValue is above it per
ready pod.`,
		Example: `  # Replay a recorded load
  kubectl redis-metrics simulate hpa/app-hpa --series load.csv

  # Compare four settings of an HPA that is not applied yet
  kubectl redis-metrics simulate -f hpa.yaml --series load.csv --target 80 --target 120 --max 10 --max 20

  # Record the load for 10 minutes, and keep it
  kubectl redis-metrics simulate hpa/app-hpa --record 10m --series load.csv

  # Replay the last day in Prometheus, which redis_exporter feeds
  kubectl redis-metrics simulate hpa/app-hpa --from-prometheus http://localhost:9090 --history 24h \
    --query 'sum(rate(redis_commands_processed_total{instance="my-redis"}[1m]))'

  # In a script: the replica hours of each setting
  kubectl redis-metrics simulate -f hpa.yaml --series load.csv -o json | jq '.settings[].summary.replicaHours'`,
		Args:              atMostOneObject(kindHPA),
		ValidArgsFunction: p.completeObject(kindHPA),
		RunE:              func(command *cobra.Command, args []string) error { return s.run(command.Context(), args) },
	}
	s.addFlags(command)
	return command
}

func (s *simulate) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringSliceVarP(&s.files.Filenames, "filename", "f", nil, "File or URL of the HPA, or - for standard input.")
	flags.StringVar(&s.series, "series", "", "File of the load, or - for standard input. With --record or --from-prometheus, the file to write it to.")
	flags.DurationVar(&s.record, "record", 0, "Record the load from the metrics API for this long.")
	flags.StringVar(&s.prometheus.url, "from-prometheus", "", "URL of a Prometheus that recorded the load. Needs --query.")
	flags.StringArrayVar(&s.prometheus.queries, "query", nil, "PromQL of one series, or METRIC=PromQL if the HPA has several metrics. Repeatable.")
	flags.DurationVar(&s.prometheus.history, "history", time.Hour, "How far back to read the load from Prometheus.")
	flags.StringVarP(&s.output, "output", "o", "", "Output format: json.")
	for _, field := range simulation.Fields() {
		s.values[field[0]] = flags.StringArray(field[0], nil, "Setting to compare: "+field[1]+". Repeatable.")
	}
	flags.Int32Var(&s.replicas, "replicas", -1, "Initial replicas. Default: those in the HPA's status, or else its minimum.")
	flags.DurationVar(&s.options.PodReadyAfter, "pod-ready-after", 10*time.Second, "How long a pod takes to become ready.")
	flags.StringVar(&s.kubernetes, "kubernetes", fmt.Sprintf("1.%d", hpa.Newest), "Version of Kubernetes.")
	flags.DurationVar(&s.options.SyncPeriod, "sync-period", 15*time.Second, "The controller's --horizontal-pod-autoscaler-sync-period.")
	flags.Float64Var(&s.options.Controller.Tolerance, "controller-tolerance", s.options.Controller.Tolerance, "The controller's --horizontal-pod-autoscaler-tolerance.")
	flags.DurationVar(&s.options.Controller.DownscaleStabilization, "controller-downscale-stabilization", s.options.Controller.DownscaleStabilization,
		"The controller's --horizontal-pod-autoscaler-downscale-stabilization.")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (s *simulate) run(ctx context.Context, args []string) error {
	if err := s.check(args); err != nil {
		return err
	}
	object, err := s.readHPA(args)
	if err != nil {
		return err
	}
	autoscaler, err := hpa.New(s.options.Controller, object)
	if err != nil {
		return err
	}
	values := map[string][]string{}
	for field, given := range s.values {
		values[field] = *given
	}
	settings, err := simulation.Vary(object, values)
	if err != nil {
		return err
	}
	series, err := s.readLoad(ctx, object, autoscaler.Metrics())
	if err != nil {
		return err
	}
	s.options.Replicas = s.initialReplicas(object)
	var results []simulation.Result
	for _, setting := range settings {
		result, err := simulation.Run(setting, series, s.options)
		if err != nil {
			return fmt.Errorf("%s: %w", setting.Name, err)
		}
		results = append(results, result)
	}
	if s.output == "json" {
		return simulation.WriteJSON(s.streams.Out, results)
	}
	return simulation.Write(s.streams.Out, results)
}

func (s *simulate) check(args []string) error {
	minor, err := strconv.Atoi(strings.TrimPrefix(s.kubernetes, "1."))
	switch {
	case s.output != "" && s.output != "json":
		return fmt.Errorf("--output %q is unknown: use json, or leave it out", s.output)
	case (len(args) > 0) == (len(s.files.Filenames) > 0):
		return errors.New("name one HPA: as hpa/NAME, or by -f FILE")
	case s.series == "" && s.record == 0 && s.prometheus.url == "":
		return errors.New("name a load: --series FILE, --record DURATION, or --from-prometheus URL")
	case s.record > 0 && s.prometheus.url != "":
		return errors.New("name one load: --record, or --from-prometheus")
	case s.record < 0 || s.options.SyncPeriod < time.Second || s.options.PodReadyAfter < 0:
		return errors.New("--record and --pod-ready-after must not be negative, and --sync-period must be at least 1s")
	case s.record > 0 && s.record < s.options.SyncPeriod:
		return errors.New("--record must be at least --sync-period: a load has two samples or more")
	case (s.record > 0 || s.prometheus.url != "") && s.series == "-":
		return errors.New("--record and --from-prometheus write to a file: name one by --series, or leave it out")
	case err != nil || !strings.HasPrefix(s.kubernetes, "1."):
		return fmt.Errorf("--kubernetes must be a version such as 1.%d, is %q", hpa.Newest, s.kubernetes)
	}
	s.options.Controller.Minor = minor
	return s.prometheus.check(s.options.SyncPeriod)
}

// readHPA reads the HPA from the cluster or from a file, which may contain other
// objects too. Unknown fields in a file are refused.
func (s *simulate) readHPA(args []string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	builder := resource.NewBuilder(s.flags).Unstructured().DefaultNamespace()
	if len(args) == 0 {
		builder = builder.Local().FilenameParam(false, &s.files)
	} else {
		namespace, _, err := s.flags.ToRawKubeConfigLoader().Namespace()
		if err != nil {
			return nil, err
		}
		builder = builder.NamespaceParam(namespace).ResourceTypeOrNameArgs(true, args...)
	}
	infos, err := builder.Flatten().Do().Infos()
	if err != nil {
		return nil, err
	}
	var found []*autoscalingv2.HorizontalPodAutoscaler
	for _, info := range infos {
		object, isUnstructured := info.Object.(*unstructured.Unstructured)
		if !isUnstructured || object.GroupVersionKind() != autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler") {
			continue
		}
		converted := &autoscalingv2.HorizontalPodAutoscaler{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, converted, len(args) == 0); err != nil {
			return nil, fmt.Errorf("HorizontalPodAutoscaler %s: %w", object.GetName(), err)
		}
		found = append(found, converted)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("there are %d HorizontalPodAutoscalers of autoscaling/v2: name one", len(found))
	}
	return found[0], nil
}

func (s *simulate) readLoad(ctx context.Context, object *autoscalingv2.HorizontalPodAutoscaler, metrics []hpa.Metric) (simulation.Load, error) {
	if s.record > 0 {
		return s.recordLoad(ctx, object, metrics)
	}
	if s.prometheus.url != "" {
		return s.loadFromPrometheus(ctx, metrics)
	}
	source := s.streams.In
	if s.series != "-" {
		file, err := os.Open(s.series)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	return simulation.Read(source, metrics)
}

func (s *simulate) initialReplicas(object *autoscalingv2.HorizontalPodAutoscaler) int32 {
	switch {
	case s.replicas >= 0:
		return s.replicas
	case object.Status.LastScaleTime != nil || object.Status.CurrentReplicas > 0:
		return object.Status.CurrentReplicas
	}
	return max(ptr.Deref(object.Spec.MinReplicas, 1), 1)
}
