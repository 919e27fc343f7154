package traffic

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redis/go-redis/v9"
)

// Options returns the options with which a program in a pod reaches a Redis. The password is in $REDIS_PASSWORD.
// With a directory of certificates, the program uses TLS.
func Options(address, directory string) (options *redis.Options, err error) {
	options = &redis.Options{Addr: address, Password: os.Getenv("REDIS_PASSWORD"), PoolSize: 1}
	if directory != "" {
		options.TLSConfig, err = readTLS(directory)
	}
	return options, err
}

// readTLS reads the authority of the server in ca.crt, and the program's own certificate in tls.crt and tls.key.
func readTLS(dir string) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !config.RootCAs.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", filepath.Join(dir, "ca.crt"))
	}
	return config, nil
}
