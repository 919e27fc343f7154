// Package provider answers the custom metrics API for Redis objects, from
// memory.
//
// A request names an object or a selector, a metric and a metric selector. The response
// is a MetricValue or an API error. No method calls Redis or the API server, or waits
// for anything that does. All methods are safe for concurrent use.
//
// This is the only place that turns errors into API errors. An unknown value is an
// error, never a number:
//
//	404 NotFound    no such resource, metric or object; a value that is unknown
//	                now (details.causes says why, and a HorizontalPodAutoscaler
//	                holds its replicas); a metric selector that matches no series
//	400 BadRequest  a name at the root of the API, where only "*" has a meaning
//	503 ServiceUnavailable
//	                the API server is silent, so any object may have changed; no
//	                fallback answers
//
// If a metric is unknown and has a fallback (spec.fallback), the fallback answers,
// whatever the cause, unless only the first samples are missing. It does not answer
// for a metric that the object does not have, or declares wrongly.
//
// Set and Remove say which targets exist, and Sampled that an attempt has ended.
// Sampled records the values of targets with a fallback, so every replica has them,
// whichever is asked. It records the metrics in spec.fallback or, if it names none, the
// declared metrics, requests-per-second and the first hundred others that were
// requested within the last hour. A last value outlives what package history keeps, but
// neither a new spec nor this process. A request takes a short lock for it, and none
// without a fallback. Fallbacks and Unknown tell package status which fallbacks are in
// use, and why a metric has no value.
//
// A list leaves out objects that do not declare the metric and those whose value is
// unknown. It is an error if that leaves none. No error carries Retry-After, since a
// controller would wait for that time inside its worker.
package provider
