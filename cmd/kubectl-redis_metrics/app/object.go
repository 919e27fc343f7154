package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// Kinds of objects that an argument may name.
const (
	kindHPA   = "hpa"
	kindRedis = "redis"
)

// parseObject parses KIND/NAME. It accepts the names that kubectl has for a kind.
func parseObject(argument string, kinds ...string) (kind, name string, err error) {
	kind, name, found := strings.Cut(strings.ToLower(argument), "/")
	switch kind {
	case "horizontalpodautoscaler", "horizontalpodautoscalers", "horizontalpodautoscalers.autoscaling":
		kind = kindHPA
	case v1alpha1.Resource, v1alpha1.Resource + "." + v1alpha1.GroupName:
		kind = kindRedis
	}
	if !found || name == "" || strings.Contains(name, "/") || !slices.Contains(kinds, kind) {
		return "", "", fmt.Errorf("%q is not an object: write %s/NAME", argument, strings.Join(kinds, "/NAME or "))
	}
	return kind, name, nil
}

// atMostOneObject refuses arguments beyond one object, and says how to write it, since kubectl allows KIND NAME too.
func atMostOneObject(kinds ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("%q is more than one object: write one %s/NAME", args, strings.Join(kinds, "/NAME or "))
		}
		return nil
	}
}

// completeObject completes KIND/NAME, the only argument, from the objects of the namespace.
func (p *plugin) completeObject(kinds ...string) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		kind, _, named := strings.Cut(typed, "/")
		if !named || !slices.Contains(kinds, kind) {
			var prefixes []string
			for _, kind := range kinds {
				prefixes = append(prefixes, kind+"/")
			}
			return prefixes, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		}
		api, namespace, err := p.api()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		path := kubeapi.HPAs(namespace)
		if kind == kindRedis {
			path = kubeapi.Redises(namespace)
		}
		var list metav1.PartialObjectMetadataList
		if err := api.Get(command.Context(), path, &list); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, object := range list.Items {
			names = append(names, kind+"/"+object.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
