package swarm

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"example.com/c10k/05-comet/children"
)

// A Renewal is a signal that the server was sent while all clients were there, and what became of it.
type Renewal struct {
	Signal string  `json:"signal"`
	Took   float64 `json:"took_ms"` // from the signal until everybody was back, or nobody was missing
}

// ErrSignalWhom says that there is a signal, and no process to send it to.
var ErrSignalWhom = fmt.Errorf("%w: a signal needs a process: give the server's -pid, or let -serve start it", ErrUsage)

// ParseSignals reads the names of signals, divided by commas: HUP, with which a comet server replaces its workers,
// and USR2, with which it replaces its program too.
func ParseSignals(text string) (signals []syscall.Signal, err error) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		switch strings.TrimPrefix(name, "SIG") {
		case "HUP":
			signals = append(signals, syscall.SIGHUP)
		case "USR2":
			signals = append(signals, syscall.SIGUSR2)
		default:
			return nil, fmt.Errorf("%w: the signal %q is none that renews a server: choose from HUP and USR2, as in HUP,USR2",
				ErrUsage, name)
		}
	}
	return signals, nil
}

// SignalName is what ParseSignals reads.
func SignalName(s syscall.Signal) string {
	if s == syscall.SIGUSR2 {
		return "USR2"
	}
	return "HUP"
}

// renew sends the signals one after the other while all wait, and after each waits until other processes serve.
// None of the waiters may end meanwhile, and / must count all of them again.
func (r *run) renew(ctx context.Context) error {
	for _, signal := range r.options.Signals {
		name := SignalName(signal)
		before, err := r.target.ask(ctx)
		if err != nil {
			return fmt.Errorf("-signals is for a comet server, and this one says nothing of its workers: %w", err)
		}
		began := children.Clock()
		if err := syscall.Kill(r.options.PID, signal); err != nil {
			return fmt.Errorf("process %d cannot be sent %s: %w: is that the server's pid?", r.options.PID, name, err)
		}
		for !r.isRenewed(ctx, before) {
			if ctx.Err() != nil {
				return fmt.Errorf("%v after %s other workers do not serve, or / counts %d of %d: look at what the server says",
					r.options.Timeout, name, r.counted, r.plan.Clients)
			}
			if err := r.rest(ctx, lastPause); err != nil {
				return err
			}
		}
		r.result.Renewals = append(r.result.Renewals, Renewal{name, milliseconds(children.Clock() - began)})
		r.show.say("%s: other workers serve, and all %s are counted", name, thousands(r.counted))
	}
	return nil
}

// isRenewed asks whether other processes serve, and all waiters are counted.
func (r *run) isRenewed(ctx context.Context, before statistics) bool {
	now, err := r.target.ask(ctx)
	if err != nil || !renewed(before, now) {
		return false
	}
	r.counted, err = r.control.count(ctx)
	return err == nil && r.counted == r.plan.Clients
}

// renewed tells whether none of the processes of an earlier survey takes clients any more, and others do.
func renewed(before, now statistics) bool {
	old := map[int]bool{}
	for _, w := range before.Workers {
		old[w.Pid] = true
	}
	fresh := 0
	for _, w := range now.Workers {
		switch {
		case w.Draining:
		case old[w.Pid]:
			return false
		default:
			fresh++
		}
	}
	return fresh > 0
}
