package target_test

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestReferencesAreWhatTheObjectNames(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	password := target.Reference{Field: "spec.auth.passwordSecretRef", Kind: target.Secret, Name: "my-redis-auth", Keys: []string{"password"}}
	certificate := target.Reference{Field: "spec.tls.certificateSecretRef", Kind: target.Secret, Name: "my-tls", Keys: []string{"tls.crt", "tls.key"}}
	for name, test := range map[string]struct {
		auth *v1alpha1.Auth
		tls  *v1alpha1.TLS
		want []target.Reference
	}{
		"none":       {},
		"tls-system": {tls: &v1alpha1.TLS{ServerName: "redis.example"}},
		"auth": {
			auth: &v1alpha1.Auth{Username: "metrics", PasswordSecretRef: v1alpha1.PasswordReference{Name: "my-redis-auth"}},
			want: []target.Reference{password},
		},
		"all": {
			auth: &v1alpha1.Auth{PasswordSecretRef: v1alpha1.PasswordReference{Name: "my-redis-auth", Key: "password"}},
			tls:  &v1alpha1.TLS{CASecretRef: &v1alpha1.CAReference{Name: "my-ca", Key: "root"}, CertificateSecretRef: &v1alpha1.CertificateReference{Name: "my-tls"}},
			want: []target.Reference{password, {Field: "spec.tls.caSecretRef", Kind: target.Secret, Name: "my-ca", Keys: []string{"root"}}, certificate},
		},
		"config-map": {
			tls:  &v1alpha1.TLS{CAConfigMapRef: &v1alpha1.CAReference{Name: "my-ca"}},
			want: []target.Reference{{Field: "spec.tls.caConfigMapRef", Kind: target.ConfigMap, Name: "my-ca", Keys: []string{"ca.crt"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := redis("shop", name, "u-"+name, 1)
			o.Spec.Auth, o.Spec.TLS = test.auth, test.tls
			server.put(o)
			s.want(t, "set shop/"+name+" u-"+name+"/1")
			found, ok := index.Get(types.NamespacedName{Namespace: "shop", Name: name})
			if !ok || !reflect.DeepEqual(found.References(), test.want) {
				t.Fatalf("it names %+v, want %+v", found.References(), test.want)
			}
			if (found.Auth == nil) != (test.auth == nil) || (found.TLS == nil) != (test.tls == nil) {
				t.Error("spec.auth or spec.tls is taken for absent, or for given")
			}
			if test.auth != nil && found.Auth.Username != test.auth.Username || test.tls != nil && found.TLS.ServerName != test.tls.ServerName {
				t.Error("username or serverName is not what the object says")
			}
		})
	}
}
