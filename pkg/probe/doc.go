// Package probe turns what an object declares to measure into commands to send,
// and into a pure function that reads the replies.
//
// Constructors such as List, StreamLag and Script return a Probe. Compile joins the
// probes of one object into a Plan, which sends each command once, however many probes
// read its reply. Plan.Start returns a Session, which carries out a plan at one node.
// The caller sends the commands and hands the replies back as plain Go values (string,
// int64, []any, nil, error). Each probe then has a Result, which is a number or an
// error.
//
// Most probes need one round trip. Probes of keys that match a pattern need more (More,
// ReadMore), and several attempts if there are many keys: a Session remembers how far a
// scan of the keys has come, makes a bounded part of it in each attempt, and returns
// what the newest complete scan measured. Results of different server processes, roles
// or data sets are never joined.
//
// Probes and Plans are immutable and safe for concurrent use. A Session is neither.
// All commands only read.
//
// Each probe fails alone, with an error whose text is made here. It may name the key
// and the command that the object's author wrote, but repeats nothing that the server
// sent, such as the name of a key that matches a pattern. A number is finite and not
// negative. A key that does not exist is 0 if Redis means that (a length), and
// otherwise an error.
package probe
