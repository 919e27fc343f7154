// Package probe turns what an object declares to measure into commands to send
// and a pure function that reads the replies.
//
// What to measure flows in (List, Stream, Script and the like); a Probe flows
// out. Compile joins the probes of one object into a Plan, which sends each
// command once however many probes read its reply, and Start puts that to work in
// a Run. What the server answered flows in as plain Go values (string, int64,
// []any, nil, error), and a Result for each probe flows out: a number, or an error.
//
// One attempt measures most probes whole, in one round trip. Those of the keys that
// match a pattern take more round trips (More, ReadMore), and several attempts if
// there are many keys: a Run remembers how far a pass over the keys has come, asks
// for a bounded part of it in each attempt, and gives what the newest complete pass
// measured. What was learnt of one server process, role or data set is never
// joined to what another one answers.
//
// Probes and Plans are immutable and safe for concurrent use; a Run is neither.
// All commands only read.
//
// Each probe fails alone, with an error whose text is made here. It may name the
// key and the command that the object's author wrote, and never holds what the
// server said, such as the name of a key that matches a pattern. A number is
// finite and not negative. A key that does not exist is 0 where Redis means that
// by it (a length), and an error where nothing is known.
package probe
