// Package probe turns what an object declares to measure into commands to send,
// and into a pure function that reads the replies.
//
// Constructors such as List, StreamLag and Script return a Probe. Compile joins the
// probes of one object into a Plan, which sends each command once, however many
// probes read its reply. Plan.Start returns a Session, which is a plan at work on one
// node. The caller sends the commands and hands the replies back as plain Go values
// (string, int64, []any, nil, error); each probe then has a Result, which is a
// number or an error.
//
// Most probes need one round trip. Probes of the keys that match a pattern need more
// (More, ReadMore), and several attempts if there are many keys: a Session remembers
// how far a scan of the keys has come, asks for a bounded part of it in each attempt,
// and returns what the newest complete scan measured. Nothing learned from one server
// process, role or data set is joined to what another one answers.
//
// Probes and Plans are immutable and safe for concurrent use. A Session is neither.
// All commands only read.
//
// Each probe fails alone, with an error whose text is made here. It may name the key
// and the command that the object's author wrote. It never holds what the server
// said, such as the name of a key that matches a pattern. A number is finite and not
// negative. A key that does not exist is 0 where Redis means that (a length), and an
// error where nothing is known.
package probe
