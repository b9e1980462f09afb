package page

import (
	"bytes"
	"fmt"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

const (
	// liveInterval is how often pages see new numbers: ten thousand clients arrive within a second or two,
	// and that should be seen to happen. Each time all workers are asked, once for all pages of a process.
	liveInterval = 250 * time.Millisecond

	// mostViewers bounds the pages that one process shows its statistics to.
	mostViewers = 100
)

// live gives the same statistics to all pages that are open in this process. It is not a topic: numbers of
// which only the newest matters need no order and no history, and would push chat messages out of it.
type live struct {
	model    strand.Model
	ask      http1.Handler
	draining func() bool
	demo     int // clients that a demo may start; 0: there is none

	viewers map[strand.Waiter]bool
	asking  bool
	latest  []byte // an event, shared by all; nil: the server stops
}

// answer is the stream of statistics. One page too many is told to come back later: any other status than
// 200 would end its EventSource for good.
func (l *live) answer() *http1.Response {
	a := &http1.Response{Type: "text/event-stream", Close: true, Header: []http1.Pair{
		{Name: "Cache-Control", Value: "no-store"}, {Name: "X-Accel-Buffering", Value: "no"}}}
	if l.full() || l.draining() {
		a.Body = []byte("retry: 5000\n\n")
		return a
	}
	a.Stream = l.stream
	return a
}

func (l *live) stream(s http1.Sender) error {
	me := l.model.NewWaiter()
	if l.enter(me) {
		l.model.Go("statistics", l.survey)
	}
	defer l.leave(me)
	if err := s.Send(fmt.Appendf(nil, "retry: 1000\nevent: demo\ndata: %d\n\n", l.demo)); err != nil {
		return err
	}
	for !l.draining() { // or else it ends, in order, and the page goes on with another process
		if err := me.Wait(time.Time{}); err != nil {
			return err
		}
		event := l.newest()
		if event == nil {
			return nil
		}
		if err := s.Send(event); err != nil {
			return err
		}
	}
	return nil
}

func (l *live) full() bool {
	l.model.Lock()
	defer l.model.Unlock()
	return len(l.viewers) >= mostViewers
}

func (l *live) newest() []byte {
	l.model.Lock()
	defer l.model.Unlock()
	return l.latest
}

// enter adds a viewer, and tells whether it is the first: then somebody has to begin asking.
func (l *live) enter(w strand.Waiter) (first bool) {
	l.model.Lock()
	defer l.model.Unlock()
	if l.viewers == nil {
		l.viewers = map[strand.Waiter]bool{}
	}
	l.viewers[w] = true
	first = !l.asking
	l.asking = true
	return first
}

func (l *live) leave(w strand.Waiter) {
	l.model.Lock()
	defer l.model.Unlock()
	delete(l.viewers, w)
}

// survey asks for statistics and wakes the viewers, until there are none. A viewer whose client takes
// nothing for a while is woken by the numbers of then: what it missed is not kept.
func (l *live) survey() {
	pause := l.model.NewWaiter()
	for {
		a := l.ask(&http1.Request{Method: []byte("GET"), Target: []byte("/stats"), Minor: 1})
		if !l.tell(a) || pause.Wait(l.model.Now().Add(liveInterval)) != strand.ErrTimeout {
			return
		}
	}
}

func (l *live) tell(a *http1.Response) (goOn bool) {
	l.model.Lock()
	defer l.model.Unlock()
	switch {
	case a.Close: // it answers for the last time
		l.latest = nil
	case a.Status == 0:
		l.latest = append(append([]byte("data: "), bytes.TrimSpace(a.Body)...), "\n\n"...)
	default: // too busy to say: a comment shows that the stream lives
		l.latest = []byte(":\n\n")
	}
	for w := range l.viewers {
		w.Wake()
	}
	l.asking = len(l.viewers) > 0 && l.latest != nil
	return l.asking
}
