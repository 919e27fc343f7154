// Package soak injects every fault of package faults into the real adapter on a
// real control plane with the stock HorizontalPodAutoscaler, and compares all that
// is served with what was sent.
//
// Each object of a run has a lane, in which the faults that can affect it follow one
// another in an order that a seed gives; the lanes run side by side. After them come
// the faults of the control plane and the adapter, alone. Without -duration each
// fault comes once, but for those that last for minutes, and of those that come alone
// the seed picks some. With it, rounds of all follow each other until the time is
// over; faults that last for minutes are among them if it is half an hour or more:
//
//	make soak DURATION=1h
//
// A round uses servers of two programs in turn: the oldest, and one of another kind
// that moves slots atomically. The flag -server names others, such as valkey-9.1,
// and -server=each takes all of them one after the other:
//
//	make soak DURATION=20m ARGS=-server=each
//
// [TestServers] checks the same expectations for each program without a control
// plane: the adapter's packages that sample and answer run in the test's process.
//
// Each replica of the adapter is also asked itself, which tells whose an answer is.
// One object is edited, deleted and created again, over and over, and its value tells
// which revision of its spec it is of.
//
// After each repair an object's backlog grows by one replica's share of jobs. The
// autoscaler must follow within two syncs of the time by which everything must be
// known again, and must never go below what the truth demands. If the machine itself
// stood still, and that excuses an error or a late answer, the fault proves nothing
// and comes again, a few times at most. A value is always compared with the truth.
package soak
