package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/c10k/05-comet/load"
	"example.com/c10k/05-comet/swarm"
	"example.com/c10k/05-comet/usage"
)

// parking is how long 10,000 clients may take to park, and to be answered, before a server has failed.
const parking = 30 * time.Second

// measure starts the cell's server, loads it, and enters what came of it. A server that answers wrongly or
// does not stop well has no values.
func (r *run) measure(ctx context.Context, c *cell, enter func(quantity, unit string, value float64)) (err error) {
	command, err := c.subject.fill(r.bin, r.self, c.app)
	if err != nil {
		return err
	}
	var server *swarm.ServerProcess
	var words lastWords
	err = r.cores.onServerCore(func() (err error) {
		server, err = swarm.StartServer(ctx, command, &words)
		return err
	})
	if err != nil {
		return words.add(err)
	}
	var outcome *costs
	switch {
	case c.app == "comet":
		outcome, err = r.park(ctx, c, server)
	case c.tool != "":
		outcome, err = r.drive(ctx, c, server)
	default:
		outcome, err = r.ask(c, server)
	}
	if end := server.Stop(); err == nil {
		err = end
	}
	if err != nil {
		return words.add(err)
	}
	if !outcome.known { // where a living process cannot be measured, a dead one can
		var whole swarm.Result
		server.MeasureWhole(&whole)
		outcome.user, outcome.system = seconds(whole.Server.User), seconds(whole.Server.System)
	}
	outcome.enter(enter)
	return nil
}

// Costs are what a load cost the server, and how the server did.
type costs struct {
	known        bool
	user, system time.Duration
	requests     int // or parked clients: what the CPU time is divided by
	others       []quantity
}

type quantity struct {
	name, unit string
	value      float64
}

func (c *costs) enter(enter func(quantity, unit string, value float64)) {
	each := func(d time.Duration) float64 { return micro(d) / float64(c.requests) }
	enter("cpu", "µs", each(c.user+c.system))
	enter("user", "µs", each(c.user))
	enter("system", "µs", each(c.system))
	for _, q := range c.others {
		enter(q.name, q.unit, q.value)
	}
}

func micro(d time.Duration) float64   { return float64(d) / float64(time.Microsecond) }
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// warm starts clients of our own, who have had their first answers when it returns. A server that must be warmed
// for longer is loaded before, on connections that are kept.
func (r *run) warm(c *cell, server *swarm.ServerProcess) (*load.Process, error) {
	target, err := netip.ParseAddrPort(strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/"))
	if err != nil {
		return nil, fmt.Errorf("the server listens on %s, and should on an address and a port", server.URL)
	}
	o := load.Options{Target: target, Path: "/", Body: "Hello, World!", Clients: c.clients, Pipeline: c.pipeline,
		Fresh: c.fresh, Idle: c.idle, Requests: c.requests, Time: r.mode.load}
	if r.requests > 0 {
		o.Requests = r.requests
	}
	if c.subject.warming > 0 {
		before := o
		before.Fresh, before.Idle, before.Requests, before.Time = false, 0, 0, c.subject.warming
		clients, err := load.Start(before)
		if err != nil {
			return nil, err
		}
		_, err = clients.Go() // what it found wrong, the clients after it will find
		clients.Close()
		if err != nil {
			return nil, err
		}
	}
	return load.Start(o)
}

// ask loads a hello server.
func (r *run) ask(c *cell, server *swarm.ServerProcess) (*costs, error) {
	clients, err := r.warm(c, server)
	if err != nil {
		return nil, err
	}
	defer clients.Close()
	before, unmeasured := usage.Of(server.PID())
	report, err := clients.Go()
	if err != nil {
		return nil, err
	}
	after, err := usage.Of(server.PID())
	if report.Failed > 0 {
		return nil, fmt.Errorf("%d of %d clients failed: %s", report.Failed, c.clients+c.idle, faults(report.Faults))
	}
	if unmeasured == nil && err != nil {
		return nil, err
	}
	outcome := &costs{known: unmeasured == nil, requests: report.Requests, others: []quantity{
		{"rate", "requests/s", report.Rate()},
		{"median", "µs", micro(report.Median)},
		{"p99", "µs", micro(report.P99)},
		{"load", "%", 100 * report.CPU.Seconds() / report.Elapsed.Seconds()},
	}}
	outcome.user, outcome.system = after.Since(before)
	return outcome, nil
}

// drive has somebody else's program load a hello server, which our own clients have warmed.
func (r *run) drive(ctx context.Context, c *cell, server *swarm.ServerProcess) (*costs, error) {
	clients, err := r.warm(c, server)
	if err != nil {
		return nil, err
	}
	clients.Close()
	before, unmeasured := usage.Of(server.PID())
	requests, elapsed, err := toolOf(c.tool).drive(ctx, c, r.mode.load, server.URL+"/")
	if err != nil {
		return nil, err
	}
	after, err := usage.Of(server.PID())
	if unmeasured == nil && err != nil {
		return nil, err
	}
	outcome := &costs{known: unmeasured == nil, requests: requests, others: []quantity{
		{"rate", "requests/s", float64(requests) / elapsed.Seconds()}}}
	outcome.user, outcome.system = after.Since(before)
	return outcome, nil
}

// park lets a swarm wait at a comet server, and notifies it: again and again until the time of a load is over,
// because once is short. The memory is the first one's: later ones find what the server keeps for reuse.
func (r *run) park(ctx context.Context, c *cell, server *swarm.ServerProcess) (*costs, error) {
	outcome := &costs{known: true}
	var medians, lasts []float64
	for began := time.Now(); len(medians) == 0 || time.Since(began) < r.mode.load; {
		result, err := swarm.Run(ctx, swarm.Options{URL: server.URL, Clients: c.clients, PID: server.PID(), Timeout: parking})
		switch {
		case err != nil:
			return nil, err
		case !result.OK():
			return nil, fmt.Errorf("%d waiters were lost and %d answered wrongly: %s", result.Lost, result.Wrong, faults(result.Faults))
		case result.Limited != "":
			return nil, fmt.Errorf("only %d of %d clients fit: %s", result.Clients, c.clients, result.Limited)
		}
		outcome.requests += result.Clients
		if s := result.Server; s == nil {
			outcome.known = false
		} else {
			outcome.user += seconds(s.User)
			outcome.system += seconds(s.System)
			if len(medians) == 0 {
				outcome.others = []quantity{{"memory", "bytes", s.PerClient}}
			}
		}
		medians, lasts = append(medians, 1000*result.Median), append(lasts, 1000*result.Last)
	}
	outcome.others = append(outcome.others,
		quantity{"median", "µs", sumUp(medians).median}, quantity{"last", "µs", sumUp(lasts).median})
	return outcome, nil
}

// faults lists what went wrong, in a fixed order.
func faults(of map[string]int) string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		all = append(all, fmt.Sprintf("%d: %s", of[kind], kind))
	}
	return strings.Join(all, "; ")
}

// Last words are the end of what a server printed, to be shown if it fails and not otherwise.
type lastWords struct {
	sync.Mutex
	text []byte
}

// wordsKept bounds them: a server that complains about each request would fill the memory.
const wordsKept = 2000

func (w *lastWords) Write(b []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	w.text = append(w.text, b...)
	w.text = w.text[max(len(w.text)-wordsKept, 0):]
	return len(b), nil
}

func (w *lastWords) add(err error) error {
	w.Lock()
	defer w.Unlock()
	if text := bytes.TrimSpace(w.text); len(text) > 0 {
		return fmt.Errorf("%w; it said:\n%s", err, text)
	}
	return err
}
