package e2e

import (
	"strings"
	"testing"
)

// TestAdapterMayChangeCABundleAlone changes each field of an APIService as the
// adapter and as an administrator.
func TestAdapterMayChangeCABundleAlone(t *testing.T) {
	t.Parallel()
	for patch, allowed := range map[string]bool{
		`{"spec":{"caBundle":"eA=="}}`:                                                                          true,
		`{"spec":{"caBundle":"eA==","service":{"name":"another"}}}`:                                             false,
		`{"spec":{"service":{"namespace":"default"}}}`:                                                          false,
		`{"spec":{"service":{"port":1}}}`:                                                                       false,
		`{"spec":{"service":null,"caBundle":null}}`:                                                             false,
		`{"spec":{"insecureSkipTLSVerify":true,"caBundle":null}}`:                                               false,
		`{"spec":{"groupPriorityMinimum":1}}`:                                                                   false,
		`{"spec":{"versionPriority":1}}`:                                                                        false,
		`{"metadata":{"labels":{"x":"y"}}}`:                                                                     false,
		`{"metadata":{"annotations":{"cert-manager.io/inject-ca-from":"x/y"}}}`:                                 false,
		`{"metadata":{"finalizers":["example.com/x"]}}`:                                                         false,
		`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"x","uid":"x"}]}}`:             false,
		`{"metadata":{"labels":null,"annotations":null},"spec":{"groupPriorityMinimum":1,"versionPriority":1}}`: false,
	} {
		args := []string{"patch", "apiservice", newer, "--type=merge", "--dry-run=server", "-p", patch}
		if out, err := shared.Kubectl(t.Context(), args...); err != nil {
			t.Errorf("an administrator may not %s: %v %s", patch, err, out)
		}
		_, err := shared.Kubectl(t.Context(), append(args, "--as="+adapterAccount)...)
		switch {
		case allowed && err != nil:
			t.Errorf("the adapter may not %s: %v", patch, err)
		case !allowed && (err == nil || !strings.Contains(err.Error(), "of an APIService, the adapter may change spec.caBundle alone")):
			t.Errorf("the adapter may %s: error %v", patch, err)
		}
	}
}
