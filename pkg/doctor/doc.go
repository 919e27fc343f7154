// Package doctor finds out why a HorizontalPodAutoscaler does not scale on Redis, hop by hop: the APIServices, the rights,
// the adapter, the HPA, the Redis object, the value and the workload.
//
// It owns the checks and the table of troubles, which deploy/docs/troubleshooting.md shares. In flows what an [API]
// reads with the rights of whoever runs it; out flows a [Report]. It reads no Secret and changes nothing. What may not
// be read is a check whose mark is Unknown, and the rest goes on. A [Doctor] is safe for concurrent use if its API is.
package doctor
