package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/c10k/01-blocking/measure"
)

// patience is how long a client waits for what must come, and the most that the end may take.
const patience = 60 * time.Second

// tally counts what was sent to all clients of a kind, a message to each of ten clients being ten, and what of
// it did not arrive once.
type tally struct{ sent, missed, doubled int }

// outcome is what became of one pair.
type outcome struct{ wait, cursor tally }

// missed is the fraction of the messages that clients of 2009 did not hear of.
func (o outcome) missed() float64 { return float64(o.wait.missed) / float64(max(o.wait.sent, 1)) }

func (o outcome) add(figures *measure.Result, p pair) {
	subject := func(kind string) string {
		return fmt.Sprintf("%s-%s-a-second-away-%s", kind, strings.ReplaceAll(strconv.FormatFloat(p.rate, 'f', -1, 64), ".", "-"), p.away)
	}
	figures.Add(subject("wait"), "missed-share", "%", 100*o.missed())
	figures.Add(subject("wait"), "expected", "%", 100*p.expected())
	figures.Add(subject("events"), "missed", "messages", float64(o.cursor.missed))
	figures.Add(subject("events"), "doubled", "messages", float64(o.cursor.doubled))
	figures.Add(subject("events"), "sent", "messages", float64(o.cursor.sent))
}

// An experiment is one server with its clients.
type experiment struct {
	options
	pair
	url    string
	client *http.Client
	ctx    context.Context
	cancel context.CancelCauseFunc // by the first client that fails

	ending atomic.Bool // what is published now is the last, and only ends the clients
	heard  atomic.Int64
}

func newExperiment(ctx context.Context, url string, o options, p pair) *experiment {
	e := &experiment{options: o, pair: p, url: url}
	e.ctx, e.cancel = context.WithCancelCause(ctx)
	e.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2*o.clients + 1}}
	return e
}

// run starts the clients, publishes, ends them, and counts.
func (e *experiment) run() (outcome, error) {
	defer e.client.CloseIdleConnections()
	var clients sync.WaitGroup
	begun := make(chan struct{}, e.clients)
	ids := make(chan []uint64, e.clients)
	for range e.clients {
		clients.Go(func() { e.fail(e.waits()) })
		clients.Go(func() {
			got, err := e.follows(begun)
			e.fail(err)
			ids <- got
		})
	}
	for range e.clients { // those of 2009 are counted by the server, these say that they have a cursor
		select {
		case <-begun:
		case <-e.ctx.Done():
		}
	}
	e.fail(e.allWait())
	numbers := e.publish()
	e.fail(e.end())
	clients.Wait()
	if err := context.Cause(e.ctx); err != nil {
		return outcome{}, err
	}
	result := outcome{wait: tally{sent: len(numbers) * e.clients}}
	result.wait.missed = result.wait.sent - int(e.heard.Load())
	for range e.clients {
		result.cursor.count(numbers, <-ids)
	}
	return result, nil
}

func (e *experiment) fail(err error) {
	if err != nil {
		e.cancel(err)
	}
}

// count adds what one client got of what was sent.
func (t *tally) count(sent, got []uint64) {
	times := make(map[uint64]int, len(got))
	for _, id := range got {
		times[id]++
	}
	t.sent += len(sent)
	for _, id := range sent {
		switch n := times[id]; {
		case n == 0:
			t.missed++
		default:
			t.doubled += n - 1
		}
	}
}

// publish publishes to both kinds of clients at random moments, until the time is over, and returns the numbers.
func (e *experiment) publish() (numbers []uint64) {
	end := time.Now().Add(e.time)
	for {
		pause := time.Duration(rand.ExpFloat64() / e.rate * float64(time.Second))
		if time.Now().Add(pause).After(end) || !e.rest(pause) {
			return numbers
		}
		number, err := e.publishOne()
		if err != nil {
			e.fail(err)
			return nil
		}
		numbers = append(numbers, number)
	}
}

// end waits until everybody waits again, and publishes once more, which all must get.
func (e *experiment) end() error {
	if err := e.allWait(); err != nil {
		return err
	}
	e.ending.Store(true)
	_, err := e.publishOne()
	return err
}

func (e *experiment) publishOne() (uint64, error) {
	if _, err := e.request(http.MethodGet, "/notify", ""); err != nil {
		return 0, err
	}
	return e.post()
}

// allWait waits until the server counts all clients of 2009.
func (e *experiment) allWait() error {
	for begin := time.Now(); time.Since(begin) < patience; {
		body, err := e.request(http.MethodGet, "/", "")
		if err != nil {
			return err
		}
		if string(body) == strconv.Itoa(e.clients) {
			return nil
		}
		if !e.rest(10 * time.Millisecond) {
			return context.Cause(e.ctx)
		}
	}
	return fmt.Errorf("%d clients did not all wait within %v", e.clients, patience)
}

// absent lets a client be away: for the mean time, half of it or half as much again, so that the clients do not
// walk in step.
func (e *experiment) absent() bool {
	return e.rest(time.Duration((0.5 + rand.Float64()) * float64(e.away)))
}

// rest lets some time pass, and tells whether the experiment goes on.
func (e *experiment) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.ctx.Done():
		return false
	}
}

// request makes one request. Any answer but 200 is an error.
func (e *experiment) request(method, path, body string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(e.ctx, e.time+patience, errors.New("no answer to "+path))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, e.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s is answered %s: %.100s", method, path, answer.Status, text)
	}
	return text, err
}
