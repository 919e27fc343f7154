package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// portForwardProtocol is the protocol with which a kubelet forwards streams.
const portForwardProtocol = "portforward.k8s.io"

// ServedCertificates implements [API]. It begins a TLS handshake through a port-forward, by which a user can reach a
// pod from outside its network.
func (c *Client) ServedCertificates(ctx context.Context, namespace, pod string, port int32) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	var served []*x509.Certificate
	done := make(chan error, 1)
	go func() { // which ends with the process where the API server does not answer: the upgrade heeds no context
		var err error
		served, err = c.servedCertificates(ctx, namespace, pod, port)
		done <- err
	}()
	select {
	case err := <-done:
		return served, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Client) servedCertificates(ctx context.Context, namespace, pod string, port int32) ([]*x509.Certificate, error) {
	connection, err := c.forward(ctx, namespace, pod)
	if err != nil {
		return nil, err
	}
	defer connection.Close() //nolint:errcheck // what was asked for is known by then
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	var stream httpstream.Stream
	for _, kind := range []string{corev1.StreamTypeError, corev1.StreamTypeData} {
		headers.Set(corev1.StreamType, kind)
		if stream, err = connection.CreateStream(headers); err != nil {
			return nil, err
		}
	}
	conn := tls.Client(streamConn{stream, connection}, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // what is looked at is the certificate
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates, nil
}

// forward opens a connection whose streams lead to ports of a pod.
func (c *Client) forward(ctx context.Context, namespace, pod string) (httpstream.Connection, error) {
	at := c.client.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), nil)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	refused := &refusal{transport: transport}
	connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: refused}, request, portForwardProtocol)
	if err != nil && refused.forbidden {
		return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods/portforward"}, pod, err)
	}
	return connection, err
}

// refusal remembers that a request was forbidden, because the error of the upgrade contains only the message.
type refusal struct {
	transport http.RoundTripper
	forbidden bool
}

// RoundTrip implements [http.RoundTripper].
func (r *refusal) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.transport.RoundTrip(request)
	r.forbidden = err == nil && response.StatusCode == http.StatusForbidden
	return response, err
}

// streamConn is a stream as a connection. It has no deadlines. Closing it ends pending
// calls.
type streamConn struct {
	httpstream.Stream
	connection httpstream.Connection
}

func (c streamConn) Close() error { return c.connection.Close() }

func (streamConn) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (streamConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (streamConn) SetDeadline(time.Time) error      { return nil }
func (streamConn) SetReadDeadline(time.Time) error  { return nil }
func (streamConn) SetWriteDeadline(time.Time) error { return nil }
