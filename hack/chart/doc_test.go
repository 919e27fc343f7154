// Package chart holds deploy/chart against deploy/base and deploy/components: both render to the same objects. It needs
// no cluster, and no code but these tests; Helm and kustomize are used as libraries. That the API server takes what
// Helm installs is shown by the end-to-end tests.
//
// What Helm renders differs in this alone: there is no Namespace, which Helm makes itself; each object has the labels
// app.kubernetes.io/managed-by and helm.sh/chart; and the CRD has the annotation helm.sh/resource-policy.
package chart
