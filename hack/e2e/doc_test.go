// Package e2e proves the product as a user meets it: the real adapter with the
// arguments and rights that deploy/ gives it, on a real control plane, with the
// stock HorizontalPodAutoscaler, real redis-servers and real traffic.
//
// All tests share one control plane and one adapter, and watch that the
// APIServices stay available from the first to the last. Each test works in a
// namespace of its own. Those that hurt the control plane or the adapter itself
// start their own.
package e2e
