package admissionpolicy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	admission "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

const (
	// period is the time, or up to a fifth more, after which policies are read again.
	period = 30 * time.Second
	// retryPeriod is the time after which they are read again while one could not be read.
	retryPeriod = 5 * time.Second
	// readTimeout bounds the reads of one policy and its binding.
	readTimeout = 10 * time.Second
)

// Observer receives the results, for the adapter's own metrics.
type Observer interface {
	// PolicyEnforced records whether the API server enforces a policy.
	PolicyEnforced(policy string, enforced bool)
}

// Config says which policies are checked. All fields are required.
type Config struct {
	// Client reads policies and bindings.
	Client admission.AdmissionregistrationV1Interface
	// Observer receives each policy that was read.
	Observer Observer
	// Policies are the names of the policies. Each has a binding of the same name.
	Policies []string
}

// Guard knows which policies are enforced.
type Guard struct {
	cfg Config

	known chan struct{} // closed once each policy has been read

	mu     sync.Mutex
	faults map[string]error // of policies that were read, nil if enforced
}

// New returns a Guard that has read nothing yet.
func New(cfg Config) *Guard {
	return &Guard{cfg: cfg, known: make(chan struct{}), faults: map[string]error{}}
}

// Enforced reports whether a policy was enforced when it was last read, false before
// the first read.
func (g *Guard) Enforced(policy string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	fault, known := g.faults[policy]
	return known && fault == nil
}

// Await blocks until each policy has been read, or ctx ends.
func (g *Guard) Await(ctx context.Context) {
	select {
	case <-g.known:
	case <-ctx.Done():
	}
}

// Run reads the policies at once, and then periodically until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	known := sync.OnceFunc(func() { close(g.known) })
	for ctx.Err() == nil {
		pause := retryPeriod
		if g.look(ctx) {
			pause = wait.Jitter(period, 0.2)
			known()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// look reads each policy once. It reports whether all could be read.
func (g *Guard) look(ctx context.Context) bool {
	all := true
	for _, policy := range g.cfg.Policies {
		fault, err := g.read(ctx, policy)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			klog.FromContext(ctx).Error(err, "Cannot read an admission policy, will try again", "policy", policy)
			all = false
			continue
		}
		g.learn(ctx, policy, fault)
	}
	return all
}

// learn records the result for a policy, and logs changes.
func (g *Guard) learn(ctx context.Context, policy string, fault error) {
	g.mu.Lock()
	before := g.faults[policy]
	g.faults[policy] = fault
	g.mu.Unlock()
	g.cfg.Observer.PolicyEnforced(policy, fault == nil)
	logger := klog.FromContext(ctx).WithValues("policy", policy)
	switch {
	case fault != nil && (before == nil || before.Error() != fault.Error()):
		logger.Error(fault, "The API server does not enforce an admission policy of the adapter: apply the adapter's manifests again")
	case fault == nil && before != nil:
		logger.Info("The API server enforces the admission policy again")
	}
}

// read returns as fault why a policy is not enforced, nil if it is. If that is unknown,
// err says why.
func (g *Guard) read(ctx context.Context, name string) (fault, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	policy, err := g.cfg.Client.ValidatingAdmissionPolicies().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no ValidatingAdmissionPolicy %s", name), nil
	}
	if err != nil {
		return nil, err
	}
	binding, err := g.cfg.Client.ValidatingAdmissionPolicyBindings().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no ValidatingAdmissionPolicyBinding %s", name), nil
	}
	if err != nil {
		return nil, err
	}
	return errors.Join(policyFault(policy), bindingFault(policy, binding)), nil
}

// policyFault returns an error if a policy leaves something out.
func policyFault(policy *admissionv1.ValidatingAdmissionPolicy) error {
	spec := policy.Spec
	switch match := spec.MatchConstraints; {
	case spec.FailurePolicy != nil && *spec.FailurePolicy != admissionv1.Fail:
		return errors.New("the policy has spec.failurePolicy Ignore: write Fail")
	case len(spec.Validations) == 0:
		return errors.New("the policy has no spec.validations")
	case match == nil || !slices.ContainsFunc(match.ResourceRules, judgesRedis):
		return errors.New("the policy's spec.matchConstraints do not match creating and updating redises")
	case narrowed(match):
		return errors.New("the policy's spec.matchConstraints leave out some objects or namespaces")
	}
	return nil
}

// bindingFault returns an error unless a binding denies everywhere what a policy
// refuses.
func bindingFault(policy *admissionv1.ValidatingAdmissionPolicy, binding *admissionv1.ValidatingAdmissionPolicyBinding) error {
	switch spec := binding.Spec; {
	case spec.PolicyName != policy.Name:
		return errors.New("the binding has the spec.policyName of another policy")
	case !slices.Contains(spec.ValidationActions, admissionv1.Deny):
		return errors.New("the binding has no Deny among its spec.validationActions")
	case spec.MatchResources != nil && (len(spec.MatchResources.ResourceRules) > 0 || narrowed(spec.MatchResources)):
		return errors.New("the binding's spec.matchResources leave out some objects or namespaces")
	}
	return nil
}

func judgesRedis(rule admissionv1.NamedRuleWithOperations) bool {
	has := func(list []string, want string) bool {
		return slices.Contains(list, want) || slices.Contains(list, "*")
	}
	operation := func(want admissionv1.OperationType) bool {
		return slices.Contains(rule.Operations, want) || slices.Contains(rule.Operations, admissionv1.OperationAll)
	}
	return len(rule.ResourceNames) == 0 && has(rule.APIGroups, v1alpha1.GroupName) && has(rule.APIVersions, v1alpha1.Version) &&
		has(rule.Resources, v1alpha1.Resource) && operation(admissionv1.Create) && operation(admissionv1.Update)
}

// narrowed reports whether something restricts what the rules match.
func narrowed(match *admissionv1.MatchResources) bool {
	selects := func(selector *metav1.LabelSelector) bool {
		return selector != nil && len(selector.MatchLabels)+len(selector.MatchExpressions) > 0
	}
	return len(match.ExcludeResourceRules) > 0 || selects(match.NamespaceSelector) || selects(match.ObjectSelector)
}
