// Package catalog defines each metric once: its name, unit and meaning, how it
// is computed from samples, what labels its series carry, and how series fold
// into the one value that a HorizontalPodAutoscaler takes.
//
// A History flows in, a Reading flows out. A metric is a row in a table (the
// builtin files, by section of INFO) with a pure function (the compute files);
// the documented table is made from the same rows (Markdown).
//
// A selector picks series by their labels, and what is left is folded (Fold). A
// series that is known to exist and has no value makes the fold an error when it
// is among them, and does not matter when the selector leaves it out.
//
// A Catalog is immutable and safe for concurrent use.
//
// Read fails with the History's own error when samples are missing, with a
// *NoSeriesError when a selector matches nothing, and with a *ValueError when
// the samples at hand give no number: a field that the server does not report,
// a ratio to nothing, a counter that fell. It never returns NaN, an infinity or
// a negative value.
package catalog
