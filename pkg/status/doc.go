// Package status writes the status and the Events of each Redis object, in the
// elected replica only. It is a controller: Controller.Enqueue queues an object when it
// was changed or an attempt to sample it has ended, and workers reconcile it.
//
// The Index, the Histories, the Catalog and the Answers say what is known about a
// target. compute turns that into the desired status. What differs from the status that
// the API server holds is written with server-side apply, and reported as Events.
// Enqueue never blocks, and is a single atomic load in a replica that is not elected. A
// Controller is safe for concurrent use. RunElected leads whenever it can.
//
// Every attempt is reconciled, because one that changes nothing costs only a few
// microseconds (BenchmarkAttempt).
//
// Ready is
//   - True (Sampled) while a current sample and a span of two exist, so that
//     rates are served;
//   - False when no current sample exists. The reason is that of the failed
//     attempt, or Stale when no attempt failed. It turns False when the newest
//     sample reaches maxAge, even if no attempt ends then;
//   - False (APIServiceForeign) when rates would be served, but the API server sends
//     requests for a version of the metrics to another Service;
//   - Unknown (NotSampled) before the first attempt, and Unknown (WarmingUp)
//     while one sample exists and a rate needs two: at the start, and again after
//     Redis restarted, changed its role or had its counters reset. Gauges such as
//     connected-clients are served then. It passes within an interval, and causes no
//     Warning. Unknown (SlowAnswers) while the server answers too slowly for a rate.
//
// While it is True, its message names another object on the same server whose declared
// metrics send commands there, because they count as requests of this object.
//
// Reachable says how the newest attempt ended.
//
// MetricsValid, of objects with spec.metrics, is False while one of them is invalid
// (InvalidMetric) or had no value in the newest sample (NoValue), and names each such
// metric. The others are still served. An expression that waits for samples makes it
// Unknown (WarmingUp). A name in spec.fallback.metrics that the object does not have is
// invalid as well.
//
// FallbackInUse, of objects whose spec.fallback is not only Error, is True (LastValue,
// Value or LastValueAndValue) while a fallback serves an unknown metric. Otherwise it
// is False: all metrics are known (NotNeeded), the last values are too old (Expired),
// or there never were any (NoLastValue). It changes at that instant, even if no attempt
// ends then. It describes what this replica remembers, see package provider. Ready does
// not depend on it.
//
// CredentialsValid, of objects with spec.auth or spec.tls, is False with the reason of
// an attempt that failed because of the credentials, and says what to do. Ready and
// Reachable only point to it. It is also False while a connection made with the
// previous credentials remains in use (Ready and Reachable are then True). It is
// Unknown while attempts fail for another reason.
//
// A restart of the adapter says nothing about Redis. So the status is held for up to
// two intervals (at most holdAtMost) while this replica has fewer than two samples and
// no failure of its own. Events report changes to the earlier status, so a restart
// emits none.
//
// # Limits
//
// Conditions, roles, versions and errors are written at once, with
//   - one write a second to one object (objectGap),
//   - 50 writes a second, bursts of 100, to all (conditionsPerSecond, conditionsBurst).
//
// Numbers are part of each such write. Alone they are written
//   - 60 s after the last write, when a newer sample exists (minNumbersGap);
//   - 10 times a second, bursts of 20, over all objects (numbersPerSecond,
//     numbersBurst). The gap grows with the number of objects, so that each has its
//     turn: it is 17 min with 10,000 objects. Numbers never delay conditions.
//
// Each namespace has a bucket of 100 writes, refilled by one every 2 s, so a tenant whose
// servers change at each attempt cannot fill etcd. Conditions may use all of it; writes
// of numbers alone leave half of it. No object starves: one that was written less than 2n
// seconds ago, in a namespace of n objects, leaves the last 10 writes to the others,
// which together need no more than one write in 2 s. An object that gets no write tries
// again at its next attempt, or within a minute.
//
// So etcd sees at most 60 writes a second, and 10 when nothing but numbers changes. The
// client must let that through: give its rest.Config a QPS above 60 and a Burst above
// 120, or QPS -1. The recorder's correlator limits the Events of each object: 25 at
// once, then one in 5 min.
//
// # Failures
//
// A failed write is retried after 1 s, then after twice as long each time, up to 60 s,
// with the status of that time. That an object is gone, or has another UID, is no
// failure. A write that reached an object that had taken the name before the watch
// showed it is corrected as soon as the watch does. Messages in status contain the text
// of an error only if it is a *reason.Error.
package status
