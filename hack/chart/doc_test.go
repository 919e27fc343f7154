// Package chart checks that deploy/chart renders the same objects as deploy/base and deploy/components. It needs no
// cluster: Helm and kustomize are used as libraries. The end-to-end tests show that the API server accepts what Helm
// installs.
//
// Helm's output differs only in this: there is no Namespace, which Helm makes itself; each object has the labels
// app.kubernetes.io/managed-by and helm.sh/chart; and the CRD has the annotation helm.sh/resource-policy.
package chart
