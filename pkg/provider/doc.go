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
// A list leaves out objects that do not declare the metric and those whose value is unknown, and is an error if that are
// all of them. No error carries Retry-After, since a controller would wait for
// it inside its worker.
package provider
