package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// API is how the checks read a cluster. Its errors are those of the API server.
type API interface {
	// Get decodes the API server's response at a path into an object, or copies it into a
	// *string.
	Get(ctx context.Context, path string, into any) error
	// Allowed reports whether a subject may do something. Without a user, the subject is whoever runs
	// the checks.
	Allowed(ctx context.Context, review authorizationv1.SubjectAccessReviewSpec) (bool, error)
	// User returns the name of whoever runs the checks.
	User(ctx context.Context) (string, error)
	// ServedCertificates returns the certificates that a pod serves at a port, its own first. It verifies none of them.
	ServedCertificates(ctx context.Context, namespace, pod string, port int32) ([]*x509.Certificate, error)
}

// Client is the API of a real cluster.
type Client struct {
	client kubernetes.Interface
	config *rest.Config
}

// patience bounds each request, unless the configuration does. An adapter that hangs is a finding.
const patience = 10 * time.Second

// NewClient returns a Client with the rights of a configuration.
func NewClient(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	config.Timeout = cmp.Or(config.Timeout, patience)
	config.QPS = -1 // a report is some dozens of requests, and the API server has limits of its own
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Client{client, config}, nil
}

// Get implements [API].
func (c *Client) Get(ctx context.Context, path string, into any) error {
	accept := "application/json"
	switch into.(type) {
	case *apidiscoveryv2.APIGroupDiscoveryList:
		accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	case *string:
		accept = "*/*"
	}
	result := c.client.CoreV1().RESTClient().Get().RequestURI(path).SetHeader("Accept", accept).Do(ctx)
	if err := result.Error(); err != nil {
		return err
	}
	body, err := result.Raw()
	if err != nil {
		return err
	}
	if text, ok := into.(*string); ok {
		*text = string(body)
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w", path, err)
	}
	return nil
}

// Allowed implements [API].
func (c *Client) Allowed(ctx context.Context, spec authorizationv1.SubjectAccessReviewSpec) (bool, error) {
	if spec.User == "" {
		review, err := c.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: spec.ResourceAttributes},
		}, metav1.CreateOptions{})
		return err == nil && review.Status.Allowed, err
	}
	review, err := c.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	return err == nil && review.Status.Allowed, err
}

// User implements [API].
func (c *Client) User(ctx context.Context) (string, error) {
	review, err := c.client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return review.Status.UserInfo.Username, nil
}
