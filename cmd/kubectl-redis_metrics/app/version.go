package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
)

func newVersion(p *plugin) *cobra.Command {
	var client bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the plugin, the adapter and the APIs",
		Example: `  # Print all versions
  kubectl redis-metrics version

  # Print the version of the plugin, without a cluster
  kubectl redis-metrics version --client`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			w := printers.GetNewTabWriter(p.streams.Out)
			fmt.Fprintf(w, "Client:\t%s\n", p.version)
			if !client {
				api, _, err := p.api()
				if err != nil {
					return err
				}
				ctx := command.Context()
				fmt.Fprintf(w, "Kubernetes:\t%s\n", kubernetesVersion(ctx, api))
				fmt.Fprintf(w, "Adapter:\t%s\n", adapterImages(ctx, api))
				fmt.Fprintf(w, "Objects:\t%s\n", groupVersions(ctx, api, v1alpha1.GroupName))
				fmt.Fprintf(w, "Metrics:\t%s\n", groupVersions(ctx, api, "custom.metrics.k8s.io"))
			}
			return w.Flush()
		},
	}
	command.Flags().BoolVar(&client, "client", false, "Print only the version of the plugin.")
	return command
}

func kubernetesVersion(ctx context.Context, api doctor.API) string {
	var info version.Info
	if err := api.Get(ctx, "/version", &info); err != nil {
		return unknown(err)
	}
	return info.GitVersion
}

// adapterImages returns the images that the adapter's pods run.
func adapterImages(ctx context.Context, api doctor.API) string {
	var list corev1.PodList
	if err := api.Get(ctx, "/api/v1/pods?labelSelector=app.kubernetes.io/name%3Dredis-metrics-adapter", &list); err != nil {
		return unknown(err)
	}
	var images []string
	for _, pod := range list.Items {
		for _, container := range pod.Spec.Containers {
			images = append(images, container.Image)
		}
	}
	if len(images) == 0 {
		return "no pods"
	}
	slices.Sort(images)
	return strings.Join(slices.Compact(images), ", ")
}

// groupVersions returns the versions of an API group that the API server serves.
func groupVersions(ctx context.Context, api doctor.API, group string) string {
	var served metav1.APIGroup
	err := api.Get(ctx, "/apis/"+group, &served)
	switch {
	case apierrors.IsNotFound(err):
		return group + " is not served"
	case err != nil:
		return unknown(err)
	}
	var versions []string
	for _, each := range served.Versions {
		versions = append(versions, each.GroupVersion)
	}
	return strings.Join(versions, ", ")
}

func unknown(err error) string {
	if apierrors.IsForbidden(err) {
		return "unknown: you may not read it"
	}
	return "unknown: " + err.Error()
}
