// Package e2e proves the product on a real node: deploy/ is applied as it is, the adapter's image runs under the
// restricted pod security standard behind its Service, and the stock HorizontalPodAutoscaler starts and stops real pods
// whose traffic goes to a Redis in the cluster, the one of deploy/samples-secret with user, password and TLS. Upgrades and
// a killed replica are looked at under a steady load.
//
// All tests share one node with the base and the component ha, until the last uninstalls it. That one goes on with the
// chart, with the components for the Prometheus operator, whose kinds alone exist, and for cert-manager, whose
// controllers run, and with Helm over kustomize. They need root on Linux; elsewhere they are left out, and a line says so.
package e2e
