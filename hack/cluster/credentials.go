package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// frontProxyName is the name in the certificate with which the API server calls aggregated servers.
const frontProxyName = "front-proxy-client"

// credentials are the cluster's authorities and keys. The processes read them from files in dir.
type credentials struct {
	dir              string
	ca               *authority
	frontProxyCA     *authority
	frontProxyClient keyPair
}

// newCredentials makes all keys and certificates but those of users, and writes them into dir.
func newCredentials(dir string) (*credentials, error) {
	c := &credentials{dir: dir}
	var err error
	if c.ca, err = newAuthority("cluster-ca"); err != nil {
		return nil, err
	}
	if c.frontProxyCA, err = newAuthority("front-proxy-ca"); err != nil {
		return nil, err
	}
	if c.frontProxyClient, err = c.frontProxyCA.client(frontProxyName); err != nil {
		return nil, err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	serving, err := c.ca.server(APIServer, names, net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1))
	if err != nil {
		return nil, err
	}
	kubeletClient, err := c.ca.client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return nil, err
	}
	private, public, err := newServiceAccountKey()
	if err != nil {
		return nil, err
	}
	return c, c.write(map[string][]byte{
		"ca.crt": c.ca.cert, "ca.key": c.ca.key,
		"apiserver.crt": serving.cert, "apiserver.key": serving.key,
		"kubelet-client.crt": kubeletClient.cert, "kubelet-client.key": kubeletClient.key,
		"front-proxy-ca.crt":     c.frontProxyCA.cert,
		"front-proxy-client.crt": c.frontProxyClient.cert, "front-proxy-client.key": c.frontProxyClient.key,
		"service-account.key": private, "service-account.pub": public,
	})
}

func (c *credentials) write(files map[string][]byte) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(c.path(name), content, 0o600); err != nil {
			return fmt.Errorf("write certificate: %w", err)
		}
	}
	return nil
}

func (c *credentials) path(name string) string { return filepath.Join(c.dir, name) }

// CAFile returns the file with the authority of the cluster's certificates.
func (c *Cluster) CAFile() string { return c.credentials.path("ca.crt") }

// ServingCertificate writes a serving certificate of the cluster's authority for an address, and its key. It returns the
// two files.
func (c *Cluster) ServingCertificate(name string, address net.IP) (certFile, keyFile string, err error) {
	pair, err := c.credentials.ca.server(name, []string{name}, address)
	if err != nil {
		return "", "", err
	}
	err = c.credentials.write(map[string][]byte{name + ".crt": pair.cert, name + ".key": pair.key})
	return c.credentials.path(name + ".crt"), c.credentials.path(name + ".key"), err
}
