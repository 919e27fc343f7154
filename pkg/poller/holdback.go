package poller

import (
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// firstHold and longestHold bound how long unbounded commands are left out.
const firstHold, longestHold = time.Minute, 10 * time.Minute

// heldBack returns which commands the session leaves out at an instant, nil if none.
func (p *Poller) heldBack(now time.Time) *probe.HeldBack {
	cause := p.group.ScriptsOff()
	if cause != "" && !p.scriptsOff {
		p.scriptsOff, p.heldUntil = true, time.Time{} // what else was suspected is cleared
	}
	switch {
	case now.Before(p.heldUntil):
		return &probe.HeldBack{Until: p.heldUntil, Cause: p.heldCause, Suspects: p.plan.Suspects()}
	case cause != "":
		return &probe.HeldBack{OnlyScripts: true, Cause: cause}
	}
	return nil
}

// heldCauses returns the failures after which commands are left out, and how a message
// puts each.
func heldCauses() map[reason.Reason]string {
	return map[reason.Reason]string{
		reason.Busy:     "a script blocked the server",
		reason.Timeout:  "the server did not answer in time",
		reason.Protocol: "the reply of the server was too long or malformed",
	}
}

// hold leaves out unbounded commands for a while, after an attempt that they may have
// made fail. A script that never ends would block the server again as soon as somebody
// has killed it, and a reply that is refused for its size ends the attempt for all
// metrics.
func (p *Poller) hold(failure reason.Reason) {
	now := p.now()
	blamed := failure == reason.Busy && !p.scriptsOff || (failure == reason.Timeout || failure == reason.Protocol) && p.server.Connected() && !now.Before(p.heldUntil)
	if !blamed || !p.plan.Unbounded() {
		return
	}
	if !now.Before(p.heldUntil) {
		p.held = min(max(firstHold, 2*p.held), longestHold)
		p.heldCause = heldCauses()[failure]
	}
	p.heldUntil = now.Add(p.held)
}
