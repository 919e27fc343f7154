package doctor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// redis checks a Redis object, and returns it, nil if it could not be read.
func (d *Doctor) redis(ctx context.Context, namespace, name string) (*v1alpha1.Redis, []Check) {
	object := &v1alpha1.Redis{}
	err := d.api.Get(ctx, kubeapi.Redises(namespace)+"/"+name, object)
	switch {
	case isOtherNotFound(err):
		return nil, []Check{HopRedis.failure(KindMissing, applyKind, "The API server does not serve %s.", v1alpha1.GroupVersion())}
	case apierrors.IsNotFound(err):
		return nil, []Check{HopRedis.failure(RedisNotFound, kubectl(namespace, "get redis"), "Namespace %s has no Redis %s.", namespace, name)}
	case err != nil:
		return nil, []Check{HopRedis.unread("Redis "+name, kindName+" -n "+namespace, err)}
	}
	return object, redisConditions(object)
}

// onlyRedis returns the name of the only Redis object of a namespace, or else NAME.
func (d *Doctor) onlyRedis(ctx context.Context, namespace string) string {
	var list v1alpha1.RedisList
	if err := d.api.Get(ctx, kubeapi.Redises(namespace), &list); err != nil || len(list.Items) != 1 {
		return "NAME"
	}
	return list.Items[0].Name
}

// isOtherNotFound reports whether the kind, rather than the object, was not found.
func isOtherNotFound(err error) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && apierrors.IsNotFound(err) && (status.ErrStatus.Details == nil || status.ErrStatus.Details.Name == "")
}

// redisConditions returns what the conditions of an object show. If several have the same reason, the first has the
// most advice.
func redisConditions(object *v1alpha1.Redis) []Check {
	describe := kubectl(object.Namespace, "describe redis %s", object.Name)
	conditions := object.Status.Conditions
	if len(conditions) == 0 || object.Status.ObservedGeneration < object.Generation {
		wait := kubectl(object.Namespace, "wait redis/%s --for=jsonpath='{.status.observedGeneration}'=%d --timeout=1m", object.Name, object.Generation)
		return []Check{HopRedis.warning(NotObserved, wait, "The status of Redis %s is not of its generation %d yet.", object.Name, object.Generation)}
	}
	checks := nodes(object)
	told := map[string]bool{}
	for _, name := range []string{
		v1alpha1.ConditionCredentialsValid, v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionMetricsValid,
	} {
		condition := meta.FindStatusCondition(conditions, name)
		if condition == nil || told[condition.Reason] {
			continue
		}
		switch condition.Status {
		case metav1.ConditionTrue:
			checks = append(checks, HopRedis.ok("%s of Redis %s is True: %s.", name, object.Name, sentence(condition.Message)))
			continue
		case metav1.ConditionUnknown:
			checks = append(checks, HopRedis.warning(Code(condition.Reason), describe, "%s of Redis %s is Unknown: %s.", name, object.Name, sentence(condition.Message)))
		default:
			checks = append(checks, HopRedis.failure(Code(condition.Reason), grants(condition.Message, describe), "%s of Redis %s is False: %s.", name, object.Name, sentence(condition.Message)))
		}
		told[condition.Reason] = true
	}
	if condition := meta.FindStatusCondition(conditions, v1alpha1.ConditionFallbackInUse); condition != nil && condition.Status == metav1.ConditionTrue {
		checks = append(checks, HopRedis.warning(FallbackInUse, describe, "A fallback is served: %s.", sentence(condition.Message)))
	} else if condition != nil && condition.Reason == "Expired" {
		checks = append(checks, HopRedis.failure(FallbackEnded, describe, "No fallback is served any more: %s.", sentence(condition.Message)))
	}
	return checks
}

// nodes says which nodes answered the newest attempt. The conditions say whether that is enough.
func nodes(object *v1alpha1.Redis) []Check {
	all := object.Status.Nodes
	if len(all) == 0 {
		return nil
	}
	var failed []string
	for _, node := range all {
		if node.LastError != "" {
			failed = append(failed, node.Address+": "+sentence(node.LastError))
		}
	}
	if len(failed) == 0 {
		return []Check{HopRedis.ok("Nodes of Redis %s that answered: %d of %[2]d.", object.Name, len(all))}
	}
	return []Check{HopRedis.ok("Nodes of Redis %s that answered: %d of %d. Not %s.", object.Name, len(all)-len(failed), len(all), some(failed))}
}

// grantCommands matches the commands that condition CredentialsValid prints.
var grantCommands = regexp.MustCompile(`kubectl create role .* --serviceaccount=[a-z0-9.-]+:[a-z0-9-]+`)

// grants returns the commands in a message, or other if there are none.
func grants(message, other string) string {
	if commands := grantCommands.FindString(message); commands != "" {
		return commands
	}
	return other
}

// declares reports whether an object declares a metric with a name.
func declares(object *v1alpha1.Redis, name string) bool {
	return slices.ContainsFunc(object.Spec.Metrics, func(m v1alpha1.Metric) bool { return m.Name == name })
}

// allObjects summarizes the Redis objects of the cluster.
func (d *Doctor) allObjects(ctx context.Context) Check {
	var list v1alpha1.RedisList
	err := d.api.Get(ctx, kubeapi.Redises(""), &list)
	switch {
	case isOtherNotFound(err):
		return HopRedis.failure(KindMissing, applyKind, "The API server does not serve %s.", v1alpha1.GroupVersion())
	case err != nil:
		return HopRedis.unread("the Redis objects of all namespaces", kindName+" -A", err)
	}
	var names []string
	for i := range list.Items {
		object := &list.Items[i]
		if !meta.IsStatusConditionTrue(object.Status.Conditions, v1alpha1.ConditionReady) {
			names = append(names, object.Namespace+"/"+object.Name)
		}
	}
	if len(names) == 0 {
		return HopRedis.ok("Redis objects that are ready: %d of %[1]d.", len(list.Items))
	}
	namespace, name, _ := strings.Cut(names[0], "/")
	return HopRedis.warning(NotReady, fmt.Sprintf("kubectl redis-metrics doctor redis/%s -n %s", name, namespace),
		"Redis objects that are not ready: %d of %d: %s.", len(names), len(list.Items), some(names))
}

// some lists names, only the first if there are many.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
