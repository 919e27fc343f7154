// Package provider answers the custom metrics API for Redis objects, from
// memory.
//
// A question flows in (object or selector, metric, metric selector), a
// MetricValue or an API error flows out. No method calls Redis or the API
// server, or waits for anything that does. All methods are safe for concurrent
// use.
//
// This is the one place that turns our errors into API errors. Whatever is not
// known is an error, never a number:
//
//	404 NotFound    no such resource, metric or object; a value that is unknown
//	                now (the cause stands in details.causes, and an
//	                HorizontalPodAutoscaler holds its replicas); a metric selector
//	                that matches no series
//	400 BadRequest  a name at the root of the API, where only "*" has a meaning
//
// A metric that is unknown and has a fallback (spec.fallback) is answered by
// that, whatever the cause, unless nothing but first samples is missing. What it
// is not: an answer for a metric that the object does not have or declares wrongly.
// Set and Remove tell which targets there are, and Sampled that an attempt has
// ended; the values of targets with a fallback are remembered then, so that each
// replica has them, whichever is asked. Remembered are the metrics that spec.fallback
// names or, where it speaks of all, the declared ones and requests-per-second, and
// the first hundred others that were asked for within the last hour. A last value
// outlasts what package series knows, and neither a new spec nor this process. The
// request path takes a short lock for it, and none without a fallback. Status is told what
// falls back by Fallbacks, and what a metric itself has by Unknown.
//
// A list leaves out objects that do not declare the metric and those whose value is unknown, and is an error if that are
// all of them. No error carries Retry-After, since a controller would wait for
// it inside its worker.
package provider
