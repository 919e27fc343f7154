package doctor

import (
	"context"
	"crypto/x509"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// certificates checks the certificate that each replica serves. The API server shows only whether it trusts one of
// them.
func (d *Doctor) certificates(ctx context.Context, of service, ports []corev1.ServicePort, pods []corev1.Pod) []Check {
	var checks []Check
	for i := range pods {
		pod := &pods[i]
		port := targetPort(ports, pod)
		served, err := d.api.ServedCertificates(ctx, of.namespace, pod.Name, port)
		switch {
		case apierrors.IsForbidden(err):
			return []Check{HopAdapter.unknown(Forbidden, "kubectl auth can-i create pods/portforward -n "+of.namespace, "You may not read which certificate each replica serves.")}
		case err != nil:
			checks = append(checks, HopAdapter.unknown(Unreadable, kubectl(of.namespace, "port-forward %s :%d", pod.Name, port),
				"The certificate that pod %s serves could not be read: %s.", pod.Name, sentence(err.Error())))
		default:
			checks = append(checks, of.certificate(pod.Name, served, time.Now()))
		}
	}
	return checks
}

// certificate checks the certificate that a pod serves in the way of the API server.
func (s service) certificate(pod string, served []*x509.Certificate, now time.Time) Check {
	leaf := served[0]
	end := leaf.NotAfter.UTC().Format(time.RFC3339)
	if now.After(leaf.NotAfter) {
		return HopAdapter.failure(CertificateExpires, logs(s), "The certificate that pod %s serves ended at %s.", pod, end)
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range served[1:] {
		intermediates.AddCert(certificate)
	}
	for _, bundle := range s.caBundles {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(bundle)
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: s.name + "." + s.namespace + ".svc", CurrentTime: now})
		if err != nil { // a replica that starts reads what its Secret holds now
			return HopAdapter.failure(CertificateUntrusted, kubectl(s.namespace, "delete pod %s", pod),
				"The caBundle does not verify the certificate that pod %s serves: %s.", pod, sentence(err.Error()))
		}
	}
	if leaf.NotAfter.Sub(now) < min(expiresSoon, leaf.NotAfter.Sub(leaf.NotBefore)/10) {
		return HopAdapter.warning(CertificateExpires, logs(s), "The certificate that pod %s serves ends at %s.", pod, end)
	}
	return HopAdapter.ok("Pod %s serves a certificate until %s.", pod, end)
}

// targetPort returns the port of a pod to which a Service sends requests, 0 if it has none.
func targetPort(ports []corev1.ServicePort, pod *corev1.Pod) int32 {
	for _, port := range ports {
		if port.TargetPort.Type == intstr.Int {
			return port.TargetPort.IntVal
		}
		for _, container := range pod.Spec.Containers {
			for _, named := range container.Ports {
				if named.Name == port.TargetPort.StrVal {
					return named.ContainerPort
				}
			}
		}
	}
	return 0
}
