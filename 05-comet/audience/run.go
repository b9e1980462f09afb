package audience

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"example.com/c10k/05-comet/faults"
	"example.com/c10k/05-comet/swarm"
	"example.com/c10k/05-comet/usage"
)

// A run is one go through: gather, publish, let everybody catch up, add up.
type run struct {
	options    Options
	plan       swarm.Plan
	assign     assignment
	publishers *publishers
	crowd      *crowd
	shown      time.Time
	result     Result
	patience   time.Duration
}

func newRun(o Options, host string, plan swarm.Plan) *run {
	mark := make([]byte, 4) // tells this run's messages from those of others, in a topic that is used again
	rand.Read(mark)
	l := layout{Topics: o.Topics, Publishers: o.Publishers}
	name := hex.EncodeToString(mark)
	return &run{options: o, plan: plan, patience: Patience,
		assign:     assignment{layout: l, Host: host, Run: name, Streams: o.Streams, Slow: o.Slow, Kills: o.Kills},
		publishers: newPublishers(l, name, "http://"+host, &o),
		result: Result{Pollers: o.Pollers, Streams: o.Streams, Slow: o.Slow, Topics: o.Topics,
			Processes: len(plan.Shares), Limited: plan.Limited}}
}

func (r *run) whole(ctx context.Context) (*Result, error) {
	var err error
	if r.crowd, err = newCrowd(r.plan.Shares, r.assign); err != nil {
		return nil, err
	}
	defer r.crowd.Stop()
	if err := r.gather(ctx); err != nil {
		return nil, err
	}
	measured := newMeasurement(r.options.PID)
	clientCPU := r.crowd.cpu() + ownCPU()
	began := time.Now()
	if err := r.publish(ctx, measured); err != nil {
		return nil, err
	}
	r.result.Seconds = time.Since(began).Seconds()
	if err := r.catchUp(ctx); err != nil {
		return nil, err
	}
	r.result.ClientCPU = r.crowd.cpu() + ownCPU() - clientCPU
	r.result.Server, r.result.Note = measured.end()
	if err := r.finish(ctx); err != nil {
		return nil, err
	}
	return &r.result, nil
}

// gather waits until every client has a cursor: from then on nothing may escape it.
func (r *run) gather(ctx context.Context) error {
	clients := r.plan.Clients
	r.say("clients: %d poll, %d stream; topics: %d; processes: %d", r.options.Pollers, r.options.Streams, r.options.Topics, len(r.plan.Shares))
	bounded, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	began := func(c *report) int { return c.Began }
	err := r.crowd.until(bounded, func(*report) bool { return r.crowd.total(began) == clients }, func() {
		r.status("%d of %d clients have a cursor", r.crowd.total(began), clients)
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%d of %d clients have no cursor after %v (%s): is a comet server at %s?",
			clients-r.crowd.total(began), clients, r.patience, swarm.Describe(r.faults()), r.options.URL)
	}
	return err
}

// publish publishes for the time.
func (r *run) publish(ctx context.Context, m *measurement) error {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	half := time.AfterFunc(r.options.Time/2, m.middle)
	defer half.Stop()
	ended := make(chan error, 1)
	go func() { ended <- r.publishers.publish(bounded) }()
	err := r.awaitSignals(ctx)
	cancel()
	if failed := <-ended; failed != nil {
		return failed
	}
	return err
}

// catchUp waits until everybody has everything. If that takes too long, the account tells who has not.
func (r *run) catchUp(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	final, err := r.publishers.settle(bounded)
	if err != nil {
		return err
	}
	began := time.Now()
	r.crowd.order(order{Final: final})
	err = r.crowd.until(bounded, func(c *report) bool { return c.Closing && c.Behind == 0 }, r.progress)
	r.result.ClientsBack = milliseconds(time.Since(began))
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

// finish collects the last reports, and adds up.
func (r *run) finish(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	r.crowd.order(order{Finish: true})
	if err := r.crowd.until(bounded, func(c *report) bool { return c.Last }, func() {}); err != nil {
		return err
	}
	var all tally
	for _, m := range r.crowd.members {
		all.add(&m.last.tally)
		all.Times.Merge(m.last.Times)
	}
	r.result.judge(&all, r.publishers, r.plan.Clients)
	r.result.Cut = r.crowd.total(func(c *report) int { return c.Cut })
	r.result.Connections = r.crowd.total(func(c *report) int { return c.Connections })
	r.result.Faults = r.faults()
	return nil
}

func (r *run) faults() faults.Counts {
	all := faults.Counts{} // in JSON not null
	for _, m := range r.crowd.members {
		all.Join(m.last.Faults)
	}
	return all
}

// statusPause is the least time between two lines of progress.
const statusPause = 2 * time.Second

func (r *run) progress() {
	published, doubtful := r.publishers.counts()
	r.status("published %d (%d in doubt), received %d, doubled %d, resets %d, behind %d", published, doubtful,
		r.crowd.total(func(c *report) int { return c.Received }), r.crowd.total(func(c *report) int { return c.Doubled }),
		r.crowd.total(func(c *report) int { return c.Resets }), r.crowd.total(func(c *report) int { return c.Behind }))
}

func (r *run) status(format string, a ...any) {
	if time.Since(r.shown) >= statusPause {
		r.shown = time.Now()
		r.say(format, a...)
	}
}

func (r *run) say(format string, a ...any) {
	fmt.Fprintf(r.options.Progress, "swarm: "+format+"\n", a...)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A measurement is what the server holds and has used, at three moments.
type measurement struct {
	pid    int
	before usage.Usage
	server Server
	failed error
	half   chan struct{} // closed when the middle is measured
}

// newMeasurement begins one; 0 measures nothing.
func newMeasurement(pid int) *measurement {
	m := &measurement{pid: pid, half: make(chan struct{})}
	if pid == 0 {
		m.failed = errors.New("the server's CPU and memory: give its -pid, or let -serve start it")
		return m
	}
	m.before, m.failed = usage.Of(pid)
	m.server.Begin = stateOf(pid, m.before)
	return m
}

// middle is called once, or not at all.
func (m *measurement) middle() {
	if m.pid != 0 {
		if u, err := usage.Of(m.pid); err == nil {
			m.server.Middle = stateOf(m.pid, u)
		}
	}
	close(m.half)
}

// end returns what was measured, and why not, if it was not.
func (m *measurement) end() (*Server, string) {
	<-m.half
	if m.failed != nil {
		return nil, m.failed.Error()
	}
	after, err := usage.Of(m.pid)
	if err != nil {
		return nil, err.Error()
	}
	user, system := after.Since(m.before)
	m.server.User, m.server.System = user.Seconds(), system.Seconds()
	m.server.End = stateOf(m.pid, after)
	return &m.server, ""
}
