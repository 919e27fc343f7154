// Package deploy holds manifests, and no code but these tests. They need no cluster: they decode every
// manifest strictly and hold it to what the others and the Go types say. That the API server takes the
// manifests is shown by the end-to-end tests.
package deploy
