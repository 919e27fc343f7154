package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// TestViewRole names each built-in metric in the role by which people read
// metrics beside another adapter. RBAC knows no prefix, and * would be the other
// adapter's metrics as well.
func TestViewRole(t *testing.T) {
	metrics := catalog.Builtin()
	var text strings.Builder
	text.WriteString(`# Written by make generate. Beside another adapter, * would let people read its metrics as well, and RBAC knows no
# prefix: so these are our built-in metrics by name. Metrics that a Redis object declares have names of their own;
# deploy/docs/coexistence.md says how people are let read them.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: redis-metrics-adapter-view
rules:
- apiGroups: [redis-metrics.dev]
  resources: [redises]
  verbs: [get, list, watch]
- apiGroups: [custom.metrics.k8s.io]
  resources:
`)
	for _, metric := range metrics.All() {
		fmt.Fprintf(&text, "  - redises.redis-metrics.dev/%s\n", metric.Name)
	}
	text.WriteString("  verbs: [get]\n")
	pagetest.File(t, "../../deploy/components/delegate/view.yaml", text.String())
}
