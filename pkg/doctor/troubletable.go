package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// Code names a trouble: one of those below, or the reason of a condition of a Redis object.
type Code string

// Codes of troubles.
const (
	Forbidden   Code = "Forbidden"
	Unreadable  Code = "Unreadable"
	Unsupported Code = "KubernetesTooOld"

	APIServiceMissing     Code = "APIServiceMissing"
	APIServiceForeign     Code = "APIServiceForeign"
	MissingEndpoints      Code = "MissingEndpoints"
	AdapterUnreachable    Code = "AdapterUnreachable"
	CertificateExpires    Code = "CertificateExpires"
	CertificateUntrusted  Code = "CertificateUntrusted"
	CAExpires             Code = "CAExpires"
	APIServiceUnavailable Code = "APIServiceUnavailable"
	DiscoveryStale        Code = "DiscoveryStale"
	OtherAPIService       Code = "OtherAPIServiceUnavailable"
	KindMissing           Code = "KindMissing"
	ControllerForbidden   Code = "ControllerForbidden"
	ViewForbidden         Code = "ViewForbidden"
	MetricsForbidden      Code = "MetricsForbidden"
	AdapterForbidden      Code = "AdapterForbidden"
	AdapterNotReady       Code = "AdapterNotReady"
	AdapterVersions       Code = "AdapterVersions"
	LeaseNotHeld          Code = "LeaseNotHeld"
	PolicyMissing         Code = "PolicyMissing"

	HPANotFound          Code = "HPANotFound"
	NoRedisMetric        Code = "NoRedisMetric"
	DescribedObjectGroup Code = "DescribedObjectGroup"
	RedisNotFound        Code = "RedisNotFound"
	MetricNotFound       Code = "MetricNotFound"
	NoMatchingSeries     Code = "NoMatchingSeries"
	NoMaxmemory          Code = "NoMaxmemory"
	ConnectionRefused    Code = "ConnectionRefused"
	WarmingUp            Code = "WarmingUp"
	FallbackEnded        Code = "FallbackEnded"
	NotObserved          Code = "NotObserved"
	NotReady             Code = "NotReady"
	FallbackInUse        Code = "FallbackInUse"
	ValueUnknown         Code = "ValueUnknown"
	ReplicasDisagree     Code = "ReplicasDisagree"
	TargetValue          Code = "TargetValue"
	TargetShared         Code = "TargetShared"
	TargetNotFound       Code = "TargetNotFound"
	ScalingDisabled      Code = "ScalingDisabled"
	ScalingInactive      Code = "ScalingInactive"
	ScalingLimited       Code = "ScalingLimited"
	PodBlocksScaling     Code = "PodBlocksScaling"
	MinimumBelowBudget   Code = "MinimumBelowBudget"
	VolumesDeleted       Code = "VolumesDeleted"
	ReplicasApplied      Code = "ReplicasApplied"
)

// trouble is a row of the table of deploy/docs/troubleshooting.md.
type trouble struct {
	code Code
	// symptom, cause and fix are Markdown.
	symptom, cause, fix string
	// says is the part of an API error that identifies the trouble. It is empty if errors do not show the trouble.
	says string
}

// troublesOfHPAs returns the troubles of an HPA, in the order in which errors are matched.
func troublesOfHPAs() []trouble {
	return []trouble{
		{
			code: ConnectionRefused, cause: "Redis is down or unreachable; the code is the [reason](#when-redis-cannot-be-sampled).",
			symptom: "`FailedGetObjectMetric` ... `is unknown: the newest sample is 23s old, more than maxAge 15s; the last attempt failed: the connection was refused`",
			fix:     "The HPA holds its replicas. `kubectl describe redis` says why, and since when.",
			says:    "the connection was refused",
		},
		{
			code: WarmingUp, cause: "The object is new, or was edited.",
			symptom: "... `is unknown: a rate needs two samples within the window`",
			fix:     "Wait two intervals, as the command does.", says: "a rate needs two samples within the window",
		},
		{
			code: WarmingUp, cause: "Redis restarted or failed over.",
			symptom: "... `is unknown: the server restarted, its role changed, ...`",
			fix:     "Wait two intervals, as the command does.", says: "the server restarted, its role changed",
		},
		{
			code: FallbackEnded, cause: "Redis has been unavailable for longer than `spec.fallback.for`.",
			symptom: "... `its fallback LastValue has ended`",
			fix:     "Repair Redis; the HPA holds its replicas again.", says: "its fallback LastValue has ended",
		},
		{
			code: RedisNotFound, cause: "The namespace of the HPA has no such object.",
			symptom: "... `redises.redis-metrics.dev \"x\" not found`",
			fix:     "Create it there: an HPA only reads objects of its own namespace. Or have the HPA describe another object, as the command does: replace NAME with a name that `kubectl get redis` lists.", says: "\" not found",
		},
		{
			code: DescribedObjectGroup, cause: "`describedObject.apiVersion` is `v1`.",
			symptom: "`no matches for kind \"Redis\" in group \"\"`",
			fix:     "Write `redis-metrics.dev/v1alpha1`.", says: "no matches for kind \"Redis\" in group \"\"",
		},
		{
			code: KindMissing, cause: "The CustomResourceDefinition is missing, or was created just now.",
			symptom: "`no matches for kind \"Redis\" in group \"redis-metrics.dev\"`",
			fix:     "Apply `deploy/base`; the HPA controller looks for new kinds every 30 s.", says: "no matches for kind \"Redis\" in group \"redis-metrics.dev\"",
		},
		{
			code: MetricsForbidden, cause: "The client may not read metrics.",
			symptom: "`cannot get resource \"redises.redis-metrics.dev/requests-per-second\" in API group \"custom.metrics.k8s.io\"`",
			fix:     "Have an administrator bind the ClusterRole `view` to the client: replace USER with its name. An HPA needs no binding.", says: "in API group \"custom.metrics.k8s.io\"",
		},
		{
			code: NoMaxmemory, cause: "Redis has no limit to divide by.",
			symptom: "... `memory-utilization ... maxmemory is 0`",
			fix:     "Set `maxmemory` in Redis, or have the HPA use `used-memory-bytes`, as the command does: replace BYTES with the memory that a replica should hold, such as 1Gi.", says: "maxmemory is 0",
		},
		{
			code: MetricNotFound, cause: "The metric is neither built in nor declared in `spec.metrics` of the object.",
			symptom: "... `metric \"x\" is unknown; kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2 lists the metrics that every object has`",
			fix:     "Replace METRIC with a name that `kubectl redis-metrics metrics` lists, or declare the metric.", says: "lists the metrics that every object has",
		},
		{
			code: NoMatchingSeries, cause: "`metric.selector` names a label, or a value, that the metric does not have now.",
			symptom: "... `is unknown: the metric selector matches no series of ...`",
			fix:     "The message lists the labels and values that exist. Replace LABEL and VALUE with a pair of them.", says: "the metric selector matches no series of",
		},
		{
			code: ReplicasDisagree, cause: "A replica of the adapter has not sampled Redis yet, or cannot reach it.",
			symptom: "Requests for a value succeed and fail in turn", fix: "Ask again after one interval. If it persists, compare the logs of the replicas.",
		},
		{
			code: ValueUnknown, cause: "The value is unknown for another reason.",
			symptom: "... `is unknown: ...`", fix: "The message says why; the HPA holds its replicas.",
		},
		{
			code: NoRedisMetric, cause: "The HPA has no metric of type Object that describes a Redis.",
			symptom: "The HPA reads no metric of Redis", fix: "Add one, as in `deploy/samples/hpa-averagevalue.yaml`. Replace NAME with a name that `kubectl get redis` lists, METRIC with one that `kubectl redis-metrics metrics` lists, and 1k with the load for one replica.",
		},
		{
			code: TargetValue, cause: "The total does not fall as replicas are added.",
			symptom: "With `type: Value`, replicas rise to the maximum", fix: "Use `AverageValue`.",
		},
		{
			code: TargetShared, cause: "Two HPAs set the replicas of one workload, each to its own number.",
			symptom: "Replicas alternate between two numbers", fix: "Delete one, or write its metrics into the other. The command deletes the one that you did not ask about.",
		},
		{
			code: TargetNotFound, cause: "`scaleTargetRef` names a workload that does not exist.",
			symptom: "`FailedGetScale`", fix: "Create the workload in the namespace of the HPA, or replace NAME with the name of one that exists.",
		},
		{
			code: ScalingDisabled, cause: "The workload has 0 replicas, and `minReplicas` is not 0.",
			symptom: "`ScalingDisabled`", fix: "Give the workload a replica: an HPA starts from at least one.",
		},
		{
			code: ScalingInactive, cause: "The HPA controller cannot compute a number of replicas.",
			symptom: "`ScalingActive` is False for another reason", fix: "The message of the condition says why.",
		},
		{
			code: ScalingLimited, cause: "The load asks for more replicas than `maxReplicas`.",
			symptom: "`ScalingLimited`: `TooManyReplicas`", fix: "Raise `maxReplicas`, or raise the target. Replace MAXIMUM with the most replicas that you can afford.",
		},
		{
			code: PodBlocksScaling, cause: "`OrderedReady` waits for a pod that is not ready.",
			symptom: "The StatefulSet stops scaling in at one pod", fix: "See why with `kubectl describe pod`, and delete the pod to restart it. `podManagementPolicy: Parallel` does not wait for it.",
		},
		{
			code: MinimumBelowBudget, cause: "`minReplicas` is below `minAvailable` of a PodDisruptionBudget. Scaling in ignores such budgets.",
			symptom: "Scaling in leaves fewer pods than a quorum", fix: "Raise `minReplicas` to the quorum, or lower `minAvailable`.",
		},
		{
			code: VolumesDeleted, cause: "`persistentVolumeClaimRetentionPolicy.whenScaled` is `Delete`.",
			symptom: "Data is gone after scaling in", fix: "Write `Retain`.",
		},
		{
			code: ReplicasApplied, cause: "The applied manifest has `spec.replicas`, which each `kubectl apply` sets again.",
			symptom: "Replicas jump back when the manifest is applied", fix: "Remove `replicas` from the manifest. The command removes it from the annotation last-applied-configuration.",
		},
	}
}

// troublesOfObjects returns what the status of a Redis object may show besides its reasons.
func troublesOfObjects() []trouble {
	return []trouble{
		{
			code: NotObserved, cause: "No adapter has looked at this generation of the object.",
			symptom: "The object has no conditions, or they are of an older generation", fix: "Wait a few seconds, as the command does. If it persists, check the adapter and its Lease.",
		},
		{
			code: FallbackInUse, cause: "A value is unknown, and the fallback is served instead.",
			symptom: "`FallbackInUse` is True", fix: "Repair what conditions `Ready`, `Reachable` and `MetricsValid` name.",
		},
		{
			code: NotReady, cause: "Some Redis objects are not ready.",
			symptom: "`kubectl get redis` shows READY False", fix: "Look at each: `kubectl redis-metrics doctor redis/NAME`.",
		},
	}
}

// troublesOfTheAPI returns the troubles of the metrics API, in the order in which errors are matched.
func troublesOfTheAPI() []trouble {
	return []trouble{
		{
			code: APIServiceMissing, cause: "The adapter is not installed.",
			symptom: "The APIService does not exist", fix: "Apply `deploy/base`.",
		},
		{
			code: MissingEndpoints, cause: "No pod of the adapter is ready.",
			symptom: "APIService `MissingEndpoints`", fix: "`kubectl -n redis-metrics-adapter get pods`, and their logs.", says: "MissingEndpoints",
		},
		{
			code: CertificateExpires, cause: "Nobody renews the adapter's certificate, or a replica does not serve the renewed one. The adapter renews its own after two thirds of its life.",
			symptom: "APIService `FailedDiscoveryCheck`: `x509: certificate has expired or is not yet valid`; before Kubernetes 1.36, the APIService is Available, and requests fail with that message; or `doctor` sees that the certificate of a pod expires soon",
			fix:     "Read the log of the adapter, or of cert-manager. If the certificate was renewed, restart the replica: `kubectl -n redis-metrics-adapter rollout restart deployment/redis-metrics-adapter`.",
			says:    "x509: certificate has expired",
		},
		{
			code: CertificateUntrusted, cause: "The `caBundle` is not the CA of the adapter's certificate. The adapter, or cert-manager, corrects it within a minute.",
			symptom: "APIService `FailedDiscoveryCheck`: `x509: certificate signed by unknown authority`; before Kubernetes 1.36, the APIService is Available, and requests fail with that message",
			fix:     "If it persists and the adapter's log says `Certificates are not current, trying again`, read the cause there and apply `deploy/base`. Otherwise check cert-manager's CA injector. If only one replica serves an old certificate, delete its pod.",
			says:    "x509: ",
		},
		{
			code: AdapterUnreachable, cause: "The API server cannot reach the pods.",
			symptom: "APIService `FailedDiscoveryCheck`: `connection refused`, or a timeout",
			fix:     "Allow it to reach port 6443 of the pods in NetworkPolicies and firewalls.", says: "FailedDiscoveryCheck",
		},
		{
			code: APIServiceUnavailable, cause: "The message of the condition says why.",
			symptom: "APIService is not Available for another reason", fix: "Check the Service and the pods of the adapter. If it says `ServiceNotFound`, apply `deploy/base/service.yaml`.",
		},
		{
			code: DiscoveryStale, cause: "The API server could not list what the adapter serves, although it reaches it.",
			symptom: "`kubectl api-resources --api-group=custom.metrics.k8s.io` lists nothing", fix: "The API server asks again within a minute. If it persists, see what the command prints, and the log of the adapter.",
		},
		{
			code: CAExpires, cause: "Nobody renews the CA, or its renewal fails.",
			symptom: "`caBundle` has expired, or expires within a week", fix: "Read the log of the adapter, or of cert-manager.",
		},
		{
			code: OtherAPIService, cause: "An APIService has no server. It may belong to another project.",
			symptom: "A namespace stays Terminating: `NamespaceDeletionDiscoveryFailure`",
			fix:     "Repair it. If its server is gone for good, delete it: the adapter's with `kubectl delete -f deploy/base/apiservices.yaml`.",
		},
		{
			code: APIServiceForeign, cause: "Only one server can serve a version of custom.metrics.k8s.io in a cluster, and that is another adapter. The adapter does not take it over; condition Ready is False (APIServiceForeign).",
			symptom: "The APIService is Available, but names the Service of another adapter",
			fix:     "Run `make deploy DELEGATE=1`, which takes the place of the other adapter and keeps its metrics. `make deploy FORCE=1` ends its metrics.",
		},
		{
			code: ControllerForbidden, cause: "A role of the HPA controller was changed.",
			symptom: "The HPA controller may not read metrics", fix: "Restore the ClusterRole `system:controller:horizontal-pod-autoscaler`.",
		},
		{
			code: ViewForbidden, cause: "The ClusterRole `redis-metrics-adapter-view` is missing, or is not aggregated to the ClusterRole `view`.",
			symptom: "People who may view a namespace may not read its metrics", fix: "Apply `deploy/base/rbac-users.yaml`.",
		},
		{
			code: AdapterForbidden, cause: "The ClusterRole of the adapter was changed, or is of an older version.",
			symptom: "The adapter lacks a right", fix: "Apply `deploy/base/rbac.yaml`.",
		},
		{
			code: AdapterNotReady, cause: "A replica has not started, or has lost the API server.",
			symptom: "A pod of the adapter is not ready", fix: "Read its log.",
		},
		{
			code: AdapterVersions, cause: "A rollout is under way, or stopped.",
			symptom: "Pods of the adapter run different images", fix: "Wait for the rollout.",
		},
		{
			code: LeaseNotHeld, cause: "No replica is elected.",
			symptom: "The status of objects is not written; values are served", fix: "If the Lease does not exist, apply `deploy/base/own-objects.yaml`. Otherwise read the log of the adapter.",
		},
		{
			code: PolicyMissing, cause: "A ValidatingAdmissionPolicy, or its binding, is missing or was changed.",
			symptom: "Everybody who may write Redis objects may name any Secret or address", fix: "Apply `deploy/base/admission`.",
		},
		{
			code: Unsupported, cause: fmt.Sprintf("The API server is older than 1.%d.", oldestMinor),
			symptom: "The manifests cannot be applied", fix: "Upgrade Kubernetes.",
		},
		{
			code: Forbidden, cause: "You may not read what the check looks at.",
			symptom: "`doctor` marks a check as unknown", fix: "Have somebody who may read it run `doctor`; the other checks hold.",
		},
		{
			code: Unreadable, cause: "The API server answered with an error.",
			symptom: "`doctor` cannot read something", fix: "The message says why.",
		},
		{
			code: HPANotFound, cause: "The namespace has no such HPA. An API server without the feature gate HPAScaleToZero, which is on by default from 1.37, refuses one with `minReplicas: 0`.",
			symptom: "`doctor` does not find the HPA", fix: "Write its name and, after `-n`, its namespace. If its `minReplicas` was refused, write 1.",
		},
	}
}

func troubles() []trouble {
	return slices.Concat(troublesOfHPAs(), troublesOfObjects(), troublesOfTheAPI())
}

// fixOf returns the fix of a trouble in plain text. It is empty for the reason of a condition.
func fixOf(code Code) string {
	for _, row := range troubles() {
		if row.code == code {
			return strings.ReplaceAll(row.fix, "`", "")
		}
	}
	return ""
}

// codeOf returns the code of the trouble that a message describes, or other.
func codeOf(message string, among []trouble, other Code) Code {
	for _, row := range among {
		if row.says != "" && strings.Contains(message, row.says) {
			return row.code
		}
	}
	return other
}
