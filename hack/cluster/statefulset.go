package cluster

import "fmt"

// StatefulSet returns the manifest of a StatefulSet for an HPA to scale. It begins with one replica: an HPA scales from 0
// only what it has scaled to 0 itself.
func StatefulSet(name string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: %[1]s}
spec:
  serviceName: %[1]s
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: worker, image: worker}]}
`, name)
}
