package status

import "time"

const (
	// inFlightAtMost bounds requests that wait for an answer, numbersInFlight those of numbers among them.
	inFlightAtMost, numbersInFlight = 16, 4
	// requestTimeout bounds one request to the API server.
	requestTimeout = 10 * time.Second
	// firstRetry and lastRetry are the shortest and the longest wait after a failed write.
	firstRetry, lastRetry = time.Second, 60 * time.Second
	// watchLag is how long the last write is believed, rather than a watch that does not show it.
	watchLag = 60 * time.Second
	// holdAtMost bounds how long the status of a leader before is kept for want of own samples.
	holdAtMost = 60 * time.Second
	// sweepPeriod is the longest time for which an object is not looked at, and a gone one remembered.
	sweepPeriod = 10 * time.Minute
	// takeAhead is how much sooner than it must an object may be looked at along with another.
	takeAhead = 250 * time.Millisecond
	// failureLogGap is the shortest time between two log lines about failing writes.
	failureLogGap = 10 * time.Second
)
