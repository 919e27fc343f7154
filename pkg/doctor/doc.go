// Package doctor finds out why a HorizontalPodAutoscaler does not scale on Redis, hop by hop: the APIServices, the rights,
// the adapter, the HPA, the Redis object, the value and the workload.
//
// It owns the checks and the table of troubles, which deploy/docs/troubleshooting.md shares. In flows what an [API]
// reads with the rights of whoever runs it. Out flows a [Report]. It reads no Secret and changes nothing. A check that
// may not read what it needs is marked Unknown, and the others continue. A [Doctor] is safe for concurrent use if its
// API is.
package doctor
