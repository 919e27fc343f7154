package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenLifetime is how long service account tokens live: longer than any run.
const tokenLifetime = 24 * time.Hour

// KubeconfigForServiceAccount writes a kubeconfig with a token of the service account, good for a day, and returns its
// path. The service account must exist.
func (c *Cluster) KubeconfigForServiceAccount(ctx context.Context, namespace, name string) (string, error) {
	seconds := int64(tokenLifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token for service account %s/%s: %w", namespace, name, err)
	}
	return c.writeKubeconfig(namespace+"."+name, namespace, &clientcmdapi.AuthInfo{Token: token.Status.Token})
}

// KubeconfigForUser writes a kubeconfig with a client certificate for a user and its groups, and returns its path.
func (c *Cluster) KubeconfigForUser(user string, groups ...string) (string, error) {
	pair, err := c.credentials.ca.client(user, groups...)
	if err != nil {
		return "", err
	}
	info := &clientcmdapi.AuthInfo{ClientCertificateData: pair.cert, ClientKeyData: pair.key}
	return c.writeKubeconfig(user, metav1.NamespaceDefault, info)
}

func (c *Cluster) writeKubeconfig(user, namespace string, info *clientcmdapi.AuthInfo) (string, error) {
	const name = "cluster"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: c.url, CertificateAuthorityData: c.credentials.ca.cert}
	config.AuthInfos[user] = info
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user, Namespace: namespace}
	config.CurrentContext = name
	path := filepath.Join(c.dir, "kubeconfigs", strings.NewReplacer(":", ".", "/", ".").Replace(user)+".yaml")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("write kubeconfig for %s: %w", user, err)
	}
	return path, nil
}

// redirect writes a copy of a kubeconfig whose server is at another host and port, and returns its path.
func redirect(kubeconfig, host, name string) (string, error) {
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		return "", fmt.Errorf("redirect a kubeconfig: %w", err)
	}
	for _, cluster := range config.Clusters {
		cluster.Server = "https://" + host
	}
	path := filepath.Join(filepath.Dir(kubeconfig), name+".yaml")
	return path, clientcmd.WriteToFile(*config, path)
}
