package audience

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"example.com/c10k/05-comet/swarm"
)

// awaitSignals publishes on while the server is sent the signals, one after the other, so that they divide the time
// into equal parts, and then until the time is over. After each signal, every client must connect again and be told
// something over the new connection, as workers send everybody away before they end.
func (r *run) awaitSignals(ctx context.Context) error {
	began := time.Now()
	for i, signal := range r.options.Signals {
		at := began.Add(r.options.Time * time.Duration(i+1) / time.Duration(len(r.options.Signals)+1))
		if err := r.passTime(ctx, at); err != nil {
			return err
		}
		if err := r.renew(ctx, i+1, signal); err != nil {
			return err
		}
	}
	return r.passTime(ctx, began.Add(r.options.Time))
}

// passTime handles news until a moment.
func (r *run) passTime(ctx context.Context, moment time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, moment)
	defer cancel()
	err := r.crowd.until(bounded, func(*report) bool { return false }, r.progress)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil // as it should be
	}
	return err
}

// renew sends the nth signal, and waits until all clients are back.
func (r *run) renew(ctx context.Context, nth int, signal syscall.Signal) error {
	name := swarm.SignalName(signal)
	began := time.Now()
	r.crowd.order(order{Renewal: nth})
	if err := syscall.Kill(r.options.PID, signal); err != nil {
		return fmt.Errorf("process %d cannot be sent %s: %w: is that the server's pid?", r.options.PID, name, err)
	}
	bounded, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	back := func(c *report) int {
		if c.Renewal != nth {
			return 0
		}
		return c.Back
	}
	all := r.plan.Clients
	err := r.crowd.until(bounded, func(*report) bool { return r.crowd.total(back) == all }, r.progress)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%d of %d clients are not back %v after %s: publish more often (-rate), so that each has news, or look at what the server says",
			all-r.crowd.total(back), all, r.patience, name)
	}
	if err == nil {
		took := milliseconds(time.Since(began))
		r.result.Renewals = append(r.result.Renewals, swarm.Renewal{Signal: name, Took: took})
		r.say("%s: all %d clients are back after %.0f ms", name, all, took)
	}
	return err
}
