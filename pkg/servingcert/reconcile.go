package servingcert

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

const (
	// passTimeout bounds one pass, so a connection that hangs cannot stop renewal.
	passTimeout = 30 * time.Second
	// writeAttempts bounds how often one pass re-reads a Secret that another replica is writing.
	writeAttempts = 5
)

// reconcile brings the Secret, the APIServices and the served pair up to date, in this
// order.
func (m *Manager) reconcile(ctx context.Context) error {
	m.passing.Lock()
	defer m.passing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()

	agreed, err := m.agree(ctx)
	if err != nil {
		// The authorities in memory may be older than the Secret. Publishing them could make clients
		// distrust another replica.
		m.publication.observe(time.Now(), nil, nil, false)
		return fmt.Errorf("secret %s/%s: %w", m.namespace, m.cfg.SecretName, err)
	}
	err = m.publish(ctx, agreed)
	m.adopt(ctx, agreed)
	return err
}

// agree returns the content of the Secret that all replicas share, after any repair and renewal.
func (m *Manager) agree(ctx context.Context) (material, error) {
	secrets := m.cfg.Client.CoreV1().Secrets(m.namespace)
	quiet := unlogged(ctx)
	var lost error
	for range writeAttempts {
		secret, err := secrets.Get(quiet, m.cfg.SecretName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return material{}, fmt.Errorf("%w: apply the adapter's manifests again, which make it; the adapter may not", err)
		}
		if err != nil {
			return material{}, err
		}
		next, changes, err := planner{m.issuer, time.Now(), m.settled}.plan(decode(secret.Data), m.held)
		if err != nil {
			return material{}, err
		}
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		if !next.encodeInto(secret.Data) {
			return next, nil
		}
		_, err = secrets.Update(quiet, secret, metav1.UpdateOptions{FieldManager: fieldManager})
		if err == nil {
			klog.FromContext(ctx).Info("Wrote the Secret of the serving certificate", "secret", klog.KObj(secret),
				"changes", changes, "authorities", len(next.bundle), "notAfter", next.pair.leaf.NotAfter)
			return next, nil
		}
		if !apierrors.IsConflict(err) {
			return material{}, err
		}
		lost = err
	}
	return material{}, fmt.Errorf("gave way %d times to other writers: %w", writeAttempts, lost)
}

// unlogged returns a context for requests that contain keys. From verbosity 8, client-go logs bodies to the logger
// of the context.
func unlogged(ctx context.Context) context.Context {
	return klog.NewContext(ctx, klog.Logger{})
}

// publish publishes the bundle in each APIService, even if others fail.
func (m *Manager) publish(ctx context.Context, agreed material) error {
	var errs []error
	var found []observation
	for _, name := range m.cfg.Registration.cfg.APIServices {
		one, err := m.cfg.Registration.publish(ctx, name, agreed.bundle)
		errs = append(errs, err)
		found = append(found, one)
	}
	err := errors.Join(errs...)
	m.publication.observe(time.Now(), agreed.bundle, found, err == nil)
	return err
}

// adopt serves the agreed pair once every client trusts it, and until then the previous pair.
func (m *Manager) adopt(ctx context.Context, agreed material) {
	now := time.Now()
	served := m.held.pair
	m.held = material{bundle: agreed.bundle, signer: agreed.signer, pair: served}
	if served.equal(agreed.pair) {
		return
	}
	newCA := m.issuer.verify(agreed.pair, agreed.bundle, now)
	servedCA := m.issuer.verify(served, agreed.bundle, now)
	if servedCA != nil && newCA != nil && !servedCA.Equal(newCA) && !m.settled(newCA) {
		klog.FromContext(ctx).V(2).Info("Serving the old certificate until the new authority is published")
		return
	}
	m.held.pair = agreed.pair
	m.served.Store(agreed.pair)
	klog.FromContext(ctx).Info("Serving a new certificate", "serialNumber", agreed.pair.leaf.SerialNumber.String(),
		"notAfter", agreed.pair.leaf.NotAfter)
	m.notify()
}
