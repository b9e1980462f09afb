package swarm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/usage"
)

// A run is one go through: park, notify, collect.
type run struct {
	options Options
	target  target
	plan    Plan
	show    *progress
	limit   func(context.Context) (context.Context, context.CancelFunc) // the time for parking, and for answering

	control control
	crowd   *crowd
	began   int64 // children.Clock's moment of the first connect
	counted int   // the newest answer of /
	result  Result
}

// window is how many clients may be open that / has not counted yet. A connection that is made and not
// accepted waits in the server's backlog, which every stage here sets to 4096: a quarter of that never
// overflows it, and an overflow costs its client a second, until the kernel sends the SYN again.
const window = 1024

// Between two answers of / that say the same there is a pause that doubles from the one to the other, so
// that the question does not cost more than what it asks about.
const (
	firstPause = time.Millisecond
	lastPause  = 100 * time.Millisecond
)

func (r *run) whole(ctx context.Context) (*Result, error) {
	r.control.target = r.target
	defer func() { r.control.close(); r.show.end() }()
	r.result = Result{Asked: r.plan.Asked, Clients: r.plan.Clients, Limited: r.plan.Limited,
		Processes: len(r.plan.Shares), Sources: r.plan.Sources}
	parking, cancel := r.limit(ctx)
	defer cancel()
	others, err := r.control.count(parking)
	switch {
	case err != nil:
		return nil, err
	case others > 0:
		return nil, fmt.Errorf("%d clients wait at %s already, and would be counted with ours: start a fresh server, or send them home with GET /notify",
			others, r.target.url())
	}
	var before, parked, after usage.Usage
	if r.options.PID == 0 {
		r.result.Note = "the server's CPU and memory: give its -pid, or let -serve start it"
	} else if before, err = usage.Of(r.options.PID); err != nil {
		r.result.Note = err.Error()
	}
	if err := r.gather(parking); err != nil {
		return nil, err
	}
	defer func() { r.crowd.Stop() }()
	if err := r.park(parking); err != nil {
		return nil, err
	}
	measured := r.result.Note == ""
	if measured {
		parked, err = usage.Of(r.options.PID)
	}
	renewing, cancel := r.limit(ctx)
	defer cancel()
	if err := r.renew(renewing); err != nil {
		return nil, err
	}
	if err := r.rest(ctx, r.options.Hold); err != nil {
		return nil, err
	}
	idle := r.target.idle(ctx)
	answering, cancel := r.limit(ctx)
	defer cancel()
	sent := r.notify(answering)
	if measured && err == nil {
		after, err = usage.Of(r.options.PID)
	}
	r.result.FanOut = r.target.fanOut(ctx, idle, r.plan.Clients)
	r.evaluate(sent)
	if measured && err == nil {
		r.result.Server, r.result.Note = cost(before, parked, after, r.plan.Clients)
	} else if measured {
		r.result.Note = err.Error()
	}
	return &r.result, nil
}

// gather starts the client processes, and waits until each has its assignment.
func (r *run) gather(ctx context.Context) error {
	if r.plan.Limited != "" {
		r.show.say("%s of %s clients: %s", thousands(r.plan.Clients), thousands(r.plan.Asked), r.plan.Limited)
	}
	r.show.say("%s, in %s from %s", count(r.plan.Clients, "client"), count(len(r.plan.Shares), "process"), count(r.plan.Sources, "address"))
	until := time.Now().Add(2*r.options.Timeout + children.EndTimeout) // they are asked earlier: this is for a parent that forgets
	crowd, err := newCrowd(r.plan.Shares, assignment{Target: r.target.addr.String(), Host: r.target.host,
		Body: strconv.Itoa(r.plan.Clients), Until: until})
	if err != nil {
		return err
	}
	r.crowd = crowd
	for _, m := range crowd.members {
		for !m.last.Ready {
			if _, err := crowd.next(ctx, nil); err != nil {
				crowd.Stop()
				return late(err, "a client process did not start within %v: the machine is overloaded, or give more -timeout", r.options.Timeout)
			}
		}
	}
	return nil
}

// park opens the clients, never more than [window] ahead of what / has counted, until it counts all.
func (r *run) park(ctx context.Context) error {
	all, opened, pause := r.plan.Clients, 0, firstPause
	r.began = children.Clock()
	for r.counted < all {
		if more := min(all, r.counted+window); more > opened {
			opened = more
			r.crowd.open(opened)
		}
		enough := opened - window/2 // then the next may come, while these are being accepted
		if opened == all {
			enough = all
		}
		for r.crowd.totals().Sent < enough {
			if _, err := r.wait(ctx, nil); err != nil {
				return err
			}
		}
		n, err := r.control.count(ctx)
		switch {
		case err != nil:
			return r.unparked(ctx, err)
		case n > opened:
			return fmt.Errorf("%s counts %d waiters, and we opened %d: somebody else uses this server: start one for the swarm alone", r.target.url(), n, opened)
		case n > r.counted:
			pause = firstPause
		default:
			if err := r.rest(ctx, pause); err != nil {
				return err
			}
			pause = min(2*pause, lastPause)
		}
		r.counted = n
		r.show.status("parked %s of %s", thousands(n), thousands(all))
	}
	r.result.Park = milliseconds(children.Clock() - r.began)
	r.show.say("parked %s in %.0f ms", thousands(all), r.result.Park)
	return nil
}

// rest lets some time pass, and handles the news that come in it.
func (r *run) rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		heard, err := r.wait(ctx, timer.C)
		if err != nil || !heard {
			return err
		}
	}
}

// wait waits for the next news of the children, or for a timer (nil: none). While clients park, none of
// them may end.
func (r *run) wait(ctx context.Context, timer <-chan time.Time) (heard bool, err error) {
	heard, err = r.crowd.next(ctx, timer)
	if err == nil && r.crowd.totals().Ended > 0 {
		err = errEarly
	}
	if err != nil {
		return false, r.unparked(ctx, err)
	}
	r.show.status("connected %s of %s, parked %s", thousands(r.crowd.totals().Connected), thousands(r.plan.Clients), thousands(r.counted))
	return heard, nil
}

var errEarly = errors.New("before anybody notified")

// unparked says what is missing when parking came to an end that is not the right one.
func (r *run) unparked(ctx context.Context, err error) error {
	switch totals := r.crowd.totals(); {
	case errors.Is(err, errEarly):
		r.crowd.finish()
		ended := r.crowd.totals().Ended
		_, all := r.crowd.outcomes()
		delete(all.Faults, faultOpen)
		delete(all.Faults, faultSilent)
		return fmt.Errorf("%s ended before anybody notified (%s): the server must let a client wait", count(ended, "waiter"), Describe(all.Faults))
	case ctx.Err() != nil:
		return fmt.Errorf("%s missing after %v: %s counts %d of %d, %d connections stood and %d requests were sent: look at the server, or give more -timeout",
			count(r.plan.Clients-r.counted, "waiter"), r.options.Timeout, r.target.url(), r.counted, r.plan.Clients, totals.Connected, totals.Sent)
	default:
		return err
	}
}

// late replaces the error of a deadline by one that says what it was for.
func late(err error, format string, a ...any) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf(format, a...)
	}
	return err
}

// notify sends the one /notify, and waits until it is answered and every client has ended, or the time
// is over. It returns the moment before the request was sent, of [children.Clock].
func (r *run) notify(ctx context.Context) (sent int64) {
	notifier := make(chan notified, 1)
	go func() {
		sent, body, err := r.control.notify(ctx)
		notifier <- notified{sent, body, err}
	}()
	var answer *notified
	for ctx.Err() == nil && (answer == nil || !r.crowd.done()) {
		select {
		case n := <-r.crowd.News:
			if err := r.crowd.enter(n); err != nil {
				r.show.say("%v", err) // its clients are lost, the others may still be answered
			}
		case a := <-notifier:
			answer = &a
			r.show.say("notified")
		case <-ctx.Done():
		}
		r.show.status("answered %s of %s", thousands(r.crowd.totals().Ended), thousands(r.plan.Clients))
	}
	if answer == nil {
		a := <-notifier // its time is over as well
		answer = &a
	}
	r.crowd.finish()
	r.result.Total = milliseconds(children.Clock() - r.began)
	r.result.Notified = answer.body
	switch want := strconv.Itoa(r.plan.Clients); {
	case answer.err != nil:
		r.result.Faults.Add("the notifier: "+answer.err.Error(), 1)
	case answer.body != want:
		r.result.Faults.Add(fmt.Sprintf("the notifier got %q instead of %q", answer.body, want), 1)
	}
	return answer.sent
}

// notified is what became of the one /notify.
type notified struct {
	sent int64
	body string
	err  error
}

// evaluate turns what the children reported into the result.
func (r *run) evaluate(sent int64) {
	answers, all := r.crowd.outcomes()
	slices.Sort(answers)
	early, _ := slices.BinarySearch(answers, sent)
	if early > 0 {
		all.Wrong += early
		all.Faults.Add("answered before the notify", early)
	}
	times := answers[early:]
	if len(times) > 0 {
		at := func(share float64) float64 { return milliseconds(times[int(share*float64(len(times)-1))] - sent) }
		r.result.First, r.result.Median, r.result.P99, r.result.Last = at(0), at(0.5), at(0.99), at(1)
	}
	if all.LastConnect > 0 {
		r.result.Connect = milliseconds(all.LastConnect - r.began)
	}
	r.result.Lost, r.result.Wrong = all.Lost, all.Wrong
	r.result.Faults.Join(all.Faults)
	r.show.say("answered %s of %s in %.0f ms", thousands(len(times)), thousands(r.plan.Clients), r.result.Last)
}

func milliseconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }
