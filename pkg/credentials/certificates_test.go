package credentials

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

func TestPasswords(t *testing.T) {
	for name, test := range map[string]struct {
		password string
		want     string // empty for a good one
	}{
		"plain":            {"hunter2", ""},
		"one letter":       {"x", ""},
		"spaces and UTF-8": {"correct horse – battery", ""},
		"bytes of no text": {"\xff\xfe\x80", ""},
		"longest":          {strings.Repeat("x", maxPasswordBytes), ""},
		"empty":            {"", "is empty"},
		"too long":         {strings.Repeat("x", maxPasswordBytes+1), "is longer than 16384 bytes"},
		"ends in newline":  {"hunter2\n", "ends in a newline"},
		"ends in CRLF":     {"hunter2\r\n", "ends in a newline"},
		"CR":               {"hunter\r2", "holds a control character"},
		"LF":               {"hunter\n2", "holds a control character"},
		"NUL":              {"hunter\x002", "holds a control character"},
		"DEL":              {"hunter\x7f2", "holds a control character"},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPassword("r")
			c, err := compile(r.Access, values{r.Auth.Password.Field: {values: map[string][]byte{"password": []byte(test.password)}}})
			if test.want == "" {
				if err != nil || c.Password != test.password || c.Username != "metrics" || c.TLS != nil {
					t.Errorf("compile() = %v, %v", c, err)
				}
				return
			}
			if err == nil || err.Reason != reason.PasswordInvalid || err.Error() != "the password that spec.auth.passwordSecretRef names "+test.want {
				t.Fatalf("compile() = %v, %v; want %q", c, err, test.want)
			}
			if !strings.Contains(err.Advice(), "kubectl create secret generic --from-literal=password=...") {
				t.Errorf("the advice is %q", err.Advice())
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(tomorrow())
	_, otherKey := a.Issue(tomorrow())
	broken := strings.Replace(string(a.PEM), "MII", "!!!", 1)
	for name, test := range map[string]struct {
		ca, cert, key string
		want          reason.Reason
		text          string
	}{
		"good":                        {string(a.PEM), string(cert), string(key), "", ""},
		"two authorities":             {string(a.PEM) + "\n# next\n" + string(redistest.NewAuthority(t).PEM), string(cert), string(key), "", ""},
		"chain":                       {string(a.PEM), string(cert) + string(a.PEM), string(key), "", ""},
		"CA empty":                    {"", string(cert), string(key), reason.CAInvalid, "what spec.tls.caSecretRef names holds no certificates in PEM"},
		"CA no PEM":                   {"not PEM", string(cert), string(key), reason.CAInvalid, "what spec.tls.caSecretRef names holds no certificates in PEM"},
		"CA broken":                   {broken, string(cert), string(key), reason.CAInvalid, "what spec.tls.caSecretRef names holds no certificates in PEM"},
		"CA is a key":                 {string(key), string(cert), string(key), reason.CAInvalid, "what spec.tls.caSecretRef names holds no certificates in PEM"},
		"CA too large":                {string(a.PEM) + strings.Repeat("#", maxPEMBytes), string(cert), string(key), reason.CAInvalid, "what spec.tls.caSecretRef names holds no certificates in PEM"},
		"certificate no PEM":          {string(a.PEM), "x", string(key), reason.ClientCertificateInvalid, "tls.crt of the Secret that spec.tls.certificateSecretRef names holds no certificates in PEM"},
		"key no PEM":                  {string(a.PEM), string(cert), "x", reason.ClientCertificateInvalid, "tls.key of the Secret that spec.tls.certificateSecretRef names holds no private key in PEM without a password"},
		"certificate and key swapped": {string(a.PEM), string(key), string(cert), reason.ClientCertificateInvalid, "tls.crt of the Secret that spec.tls.certificateSecretRef names holds no certificates in PEM"},
		"key of another":              {string(a.PEM), string(cert), string(otherKey), reason.ClientKeyMismatch, "tls.key of the Secret that spec.tls.certificateSecretRef names is not the key of its tls.crt"},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPassword("r")
			r.Auth, r.TLS = nil, &target.TLS{CA: caReference(target.Secret), Certificate: certificateReference()}
			r.TLS.CA.Field = "spec.tls.caSecretRef"
			c, err := compile(r.Access, values{
				r.TLS.CA.Field:          newContent(map[string][]byte{"ca.crt": []byte(test.ca)}, "ca.crt"),
				r.TLS.Certificate.Field: newContent(map[string][]byte{"tls.crt": []byte(test.cert), "tls.key": []byte(test.key)}, "tls.crt,tls.key"),
			})
			if test.want == "" {
				if err != nil || c.TLS.RootCAs == nil || len(c.TLS.Certificates) != 1 || c.TLS.MinVersion != tls.VersionTLS12 || c.TLS.InsecureSkipVerify {
					t.Errorf("compile() = %v, %v", c, err)
				}
				return
			}
			if err == nil || err.Reason != test.want || err.Error() != test.text || err.Advice() == "" {
				t.Errorf("compile() = %v, %+v; want %s: %s", c, err, test.want, test.text)
			}
		})
	}
}

func TestClientCertificateExpires(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		a := redistest.NewAuthority(t)
		cert, key := a.Issue(time.Now().Add(time.Hour))
		s.put("/api/v1/namespaces/shop/secrets/my-tls", map[string]string{"tls.crt": string(cert), "tls.key": string(key)})
		s.put("/api/v1/namespaces/shop/configmaps/my-ca", map[string]string{"ca.crt": string(a.PEM)})
		r := withPassword("r")
		r.Auth, r.TLS = nil, &target.TLS{CA: caReference(target.ConfigMap), Certificate: certificateReference()}
		k.Set(r)
		want(t, k, r, "")
		pass(time.Hour + time.Second)
		wantError(t, k, r, reason.ClientCertificateExpired)
		cert, key = a.Issue(tomorrow())
		s.put("/api/v1/namespaces/shop/secrets/my-tls", map[string]string{"tls.crt": string(cert), "tls.key": string(key)})
		pass(36 * time.Second)
		want(t, k, r, "")
	})
}

func TestNothingPrintsThePassword(t *testing.T) {
	c := Credentials{Username: "metrics", Password: "hunter2"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{c, &c, []Credentials{c}, map[string]*Credentials{"": &c}, struct{ C Credentials }{c}} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
				t.Errorf("%s of a %T prints %s", format, value, text)
			}
		}
	}
}
