package deploy

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestPodsMeetTheRestrictedStandard(t *testing.T) {
	pods := map[string]corev1.PodSpec{}
	for _, m := range load(t, ".") {
		switch object := m.object.(type) {
		case *appsv1.Deployment:
			pods["Deployment "+object.Name] = object.Spec.Template.Spec
		case *appsv1.StatefulSet:
			pods["StatefulSet "+object.Name] = object.Spec.Template.Spec
		}
	}
	if len(pods) < 3 {
		t.Fatalf("only %d pod templates found", len(pods))
	}
	for name, pod := range pods {
		for _, violation := range violations(pod) {
			t.Errorf("%s: %s", name, violation)
		}
	}
}

// violations lists what the restricted pod security standard refuses, and what we ask beyond it:
// a fixed user, a read-only root and bounded memory.
func violations(pod corev1.PodSpec) []string {
	var found []string
	refuse := func(when bool, why string) {
		if when {
			found = append(found, why)
		}
	}
	refuse(pod.HostNetwork || pod.HostPID || pod.HostIPC, "shares a namespace of the host")
	for _, volume := range pod.Volumes {
		refuse(volume.HostPath != nil, "mounts a path of the host: "+volume.Name)
	}
	context := pod.SecurityContext
	if context == nil {
		return append(found, "no securityContext")
	}
	refuse(!isTrue(context.RunAsNonRoot), "runAsNonRoot is not true")
	refuse(context.RunAsUser == nil || *context.RunAsUser == 0, "runAsUser is not a user other than root")
	refuse(context.SeccompProfile == nil || context.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault,
		"seccompProfile is not RuntimeDefault")
	refuse(len(pod.InitContainers) > 0, "has init containers, which this test does not look at")
	for _, container := range pod.Containers {
		for _, violation := range containerViolations(container) {
			found = append(found, container.Name+": "+violation)
		}
	}
	return found
}

func containerViolations(container corev1.Container) []string {
	var found []string
	refuse := func(when bool, why string) {
		if when {
			found = append(found, why)
		}
	}
	refuse(strings.Contains(container.Image, "/"), "image names a registry: "+container.Image)
	refuse(container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero(), "requests too little")
	refuse(container.Resources.Limits.Memory().IsZero(), "memory has no limit")
	for _, port := range container.Ports {
		refuse(port.HostPort != 0, "binds a port of the host")
	}
	context := container.SecurityContext
	if context == nil || context.Capabilities == nil {
		return append(found, "no securityContext with capabilities")
	}
	refuse(context.AllowPrivilegeEscalation == nil || *context.AllowPrivilegeEscalation, "allowPrivilegeEscalation is not false")
	refuse(!isTrue(context.ReadOnlyRootFilesystem), "readOnlyRootFilesystem is not true")
	refuse(isTrue(context.Privileged), "is privileged")
	refuse(!slices.Equal(context.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(context.Capabilities.Add) > 0,
		"capabilities are not all dropped")
	refuse(context.RunAsUser != nil || context.RunAsNonRoot != nil || context.SeccompProfile != nil,
		"overrides what the pod says")
	return found
}

func isTrue(value *bool) bool { return value != nil && *value }

func TestNamespaceEnforcesTheRestrictedStandard(t *testing.T) {
	if got := only[*corev1.Namespace](t, base).Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("pod-security.kubernetes.io/enforce is %q, want restricted", got)
	}
}
