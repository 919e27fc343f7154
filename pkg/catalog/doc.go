// Package catalog defines each metric once: its name, unit and meaning, how it
// is computed from samples, which labels its series carry, and how several series
// become the one value that a HorizontalPodAutoscaler reads.
//
// A metric is a row of a table, next to the pure function that computes it, in a file
// for each section of INFO. It reads a History and returns a Reading. The table in the
// documentation is generated from the same rows (table_test.go).
//
// A selector selects series by their labels, and an Aggregation combines them into one
// value. If a selected series exists and has no value, the result is an error. A series
// that the selector leaves out does not matter.
//
// A Catalog is immutable and safe for concurrent use.
//
// Read fails with the History's own error if samples are missing, with a *NoSeriesError
// if a selector matches nothing, and with another error if the samples give no number:
// the server does not report a field, a divisor is zero, or a counter fell. It never
// returns NaN, an infinity or a negative value.
package catalog
