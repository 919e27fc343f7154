// Package hpa compares pkg/hpa with the HorizontalPodAutoscaler controller of
// Kubernetes, which runs in the test's own process.
//
// The controller is upstream's, with its queue, informers and timers. Its clients
// are fakes, its metrics those of a random case, and its clock is that of
// testing/synctest: a sync takes no time, so that its instant is exact, and
// hundreds of syncs take a fraction of a second. The test records what the
// controller reads in each sync, gives the same to pkg/hpa, and compares the
// replicas and the conditions.
//
// The folder is a module of its own: whoever imports the controller has to replace
// the modules that Kubernetes stages.
package hpa
