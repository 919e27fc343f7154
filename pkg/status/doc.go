// Package status writes the status and the Events of each Redis object, in the
// elected replica only.
//
// Notices flow in (Writer.Notify: "the object has changed", Writer.Sampled: "an
// attempt has ended"); what is known of a target is read when it is looked at, from the
// Index, the Series, the Catalog and the Answers. Server-side apply requests to the status
// subresource and Events flow out. A Writer's methods are safe for concurrent
// use. Notices return at once, and are a single atomic load in a replica that is
// not elected. RunElected leads whenever it can, and Run writes while it leads.
//
// Most attempts end as the ones before. Sampled holds what is known against what the
// status shows, all but numbers, and calls for a look only if that differs, or if
// numbers may be written. It remembers nothing but which status that is, so that whatever a
// look would have written at once, it calls for a look at once.
//
// Ready is
//   - True (Sampled) while a current sample and a span of two exist, so that
//     rates are served;
//   - False when no current sample exists. The reason is that of the failed
//     attempt, or Stale when no attempt failed. It turns False when the newest
//     sample reaches maxAge, though no attempt may end then;
//   - False (APIServiceForeign) when all of that holds and the API server sends
//     requests for a version of the metrics to another Service;
//   - Unknown (NotSampled) before the first attempt, and Unknown (WarmingUp)
//     while one sample exists and a rate needs two: at the start, and again after
//     Redis restarted, changed its role or had its counters reset. Levels such as
//     connected-clients are served then and rates are not, so that neither True
//     nor False would be the truth. It passes by itself within an interval, and is
//     worth no Warning. Unknown (SlowAnswers) likewise while the server answers too
//     slowly for a rate.
//
// While it is True, its message names another object on the same server whose
// declared metrics send commands there: they count as requests of this object. The
// hint comes with a look at the object, and so within about a minute.
//
// Reachable says how the newest attempt ended.
//
// MetricsValid, of objects with spec.metrics, is False while one of them is
// wrong (InvalidMetric) or had no value in the newest sample (NoValue), and names
// each of them; the others are served all the same. An expression is computed for
// that, and is Unknown (WarmingUp) while it waits for samples. A name in
// spec.fallback.metrics that the object does not have is wrong as well.
//
// FallbackInUse, of objects with a spec.fallback other than Error only, is True
// (LastValue, Value or LastValueAndValue) while a metric is unknown and served by
// it, and False when none is: since all are known (NotNeeded), since the last
// values are too old (Expired), or since there never were any (NoLastValue). It
// changes at that instant though no attempt may end then. It speaks for what this
// replica remembers, see package provider. Ready does not depend on it.
//
// CredentialsValid, of objects with spec.auth or spec.tls only, is False with the
// reason of an attempt that the credentials made fail, and says what to do, to
// which Ready and Reachable only point. It is so also while the
// connection made with those before goes on (Ready and Reachable are True then). It is
// Unknown while what fails is something else.
//
// A restart of the adapter says nothing about Redis: what the object says stays for
// up to two intervals (at most holdAtMost) while this replica has less than two
// samples and no failure of its own. Events report changes to what the object
// said before, so that a restart emits none.
//
// # Bounds
//
// Conditions, roles, versions and errors are written at once, with
//   - one write in a second to one object (objectGap),
//   - 50 writes in a second, bursts of 100, to all (urgentPerSecond, urgentBurst).
//
// Numbers ride along with each such write. Alone they are written
//   - 60 s after the last write, when a newer sample exists (numbersGap);
//   - 10 in a second, bursts of 20, over all objects (numbersPerSecond,
//     numbersBurst), in turn. Past 600 objects the turn comes less often than
//     each 60 s: after 17 min with 10,000 objects. Numbers never delay conditions.
//
// The objects of one namespace take turns: 100 writes of all kinds at once, then one
// in a second (namespaceBurst, namespacePerSecond). Otherwise a tenant whose servers
// change what they say at each attempt would fill etcd.
//
// So etcd sees 60 writes in a second at worst, and 10 when nothing changes. The
// client must let that through, so that these bounds alone decide: give its
// rest.Config a QPS above 60 and a Burst above 120, or QPS -1. Events pass through
// the recorder, whose correlator drops the excess of each object: 25 at once, then
// one in 5 min.
//
// # Failures
//
// A write that fails is tried again after 1 s, twice that each next time, up to
// 60 s, with what is true then. An object that is gone, or has another UID, is
// no failure. A write that reaches an object that took the name a moment ago, and
// that the watch did not show yet, is put right as soon as the watch does.
// Messages in status hold text of errors only if Config.ReasonOf knows them.
package status
