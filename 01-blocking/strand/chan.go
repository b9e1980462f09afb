package strand

import (
	"errors"
	"time"
)

// A Chan passes values between the strands of one model, first come, first served. Its capacity is the
// bound of its queue; a Send beyond it waits for a receiver. With capacity 0 a Send waits until its
// value was received.
//
// It behaves as Go's own channels do, except where those panic or block for ever without saying so:
// every wait can end with a time or with the cancellation of its strand, and then it says which.
type Chan[T any] struct {
	model     Model
	buffer    []T     // sent and not received yet, oldest first; at most capacity
	receivers line[T] // waiting while the buffer is empty
	senders   line[T] // waiting while the buffer is full
	capacity  int32
	closed    bool
}

// NewChan makes a channel for the strands of m. The capacity is 0 or more values.
func NewChan[T any](m Model, capacity int) *Chan[T] {
	return &Chan[T]{model: m, capacity: int32(capacity)}
}

// Send passes v on, and waits while there is no room. It returns ErrClosed, ErrCanceled or ErrLocked,
// and then v was not sent.
func (c *Chan[T]) Send(v T) error {
	c.model.Lock()
	if err := c.give(v); err != errFull {
		c.model.Unlock()
		return err
	}
	p := &place[T]{waiter: c.model.NewWaiterFor(ToSend), value: v}
	_, err := c.wait(&c.senders, p, time.Time{})
	return err
}

// give is a Send that does not wait. The caller holds the lock.
func (c *Chan[T]) give(v T) error {
	if c.closed {
		return ErrClosed
	}
	if r := c.receivers.first; r != nil { // somebody waits, so the buffer is empty
		c.receivers.remove(r)
		r.finish(v, nil)
		return nil
	}
	if len(c.buffer) < int(c.capacity) {
		c.buffer = append(c.buffer, v)
		return nil
	}
	return errFull
}

// Recv takes the oldest value, and waits while there is none. When the channel is closed and empty it
// returns ErrClosed; ErrCanceled or ErrLocked end the wait as well.
func (c *Chan[T]) Recv() (T, error) { return c.RecvUntil(time.Time{}) }

// RecvUntil is Recv with an end: ErrTimeout when the time comes first. The zero time is no end.
func (c *Chan[T]) RecvUntil(until time.Time) (T, error) {
	c.model.Lock()
	if v, err := c.take(); err != errEmpty {
		c.model.Unlock()
		return v, err
	}
	return c.wait(&c.receivers, &place[T]{waiter: c.model.NewWaiterFor(ToReceive)}, until)
}

// What give and take say when the caller has to wait.
var (
	errFull  = errors.New("strand: the channel is full")
	errEmpty = errors.New("strand: the channel is empty")
)

// take is a Recv that does not wait. The caller holds the lock.
func (c *Chan[T]) take() (v T, err error) {
	sender := c.senders.first
	switch {
	case len(c.buffer) > 0:
		v = c.buffer[0]
		c.buffer = c.buffer[1:]
		if sender != nil { // there is room for one who waited
			c.senders.remove(sender)
			c.buffer = append(c.buffer, sender.value)
			sender.finish(sender.value, nil)
		}
	case sender != nil: // capacity 0: from hand to hand
		c.senders.remove(sender)
		v = sender.value
		sender.finish(v, nil)
	case c.closed:
		err = ErrClosed
	default:
		err = errEmpty
	}
	return v, err
}

// Close lets receivers take what was sent and then ErrClosed; senders that still wait get ErrClosed.
// To close twice does nothing.
func (c *Chan[T]) Close() {
	c.model.Lock()
	defer c.model.Unlock()
	c.closed = true
	for _, waiting := range []*line[T]{&c.receivers, &c.senders} {
		for p := waiting.first; p != nil; p = waiting.first {
			waiting.remove(p)
			var none T
			p.finish(none, ErrClosed)
		}
	}
}

// wait queues p and sleeps. It is called with the lock held, and gives it back: in that order, because
// a wake that comes between Unlock and Wait is remembered by the waiter.
func (c *Chan[T]) wait(queue *line[T], p *place[T], until time.Time) (T, error) {
	queue.add(p)
	c.model.Unlock()
	err := p.waiter.Wait(until)

	c.model.Lock()
	if !p.done { // even if the time came too, what was handed over must not be lost
		queue.remove(p)
		p.err = err
	}
	c.model.Unlock()
	return p.value, p.err
}

// A place is a strand that waits in line.
type place[T any] struct {
	waiter Waiter
	next   *place[T]
	value  T      // what a sender brings, what a receiver got
	err    error  // why there is no value
	done   bool   // it left the line by somebody else's hand
	chosen func() // of a Select: takes its other places out of their lines
}

// finish ends p's wait with a result. The caller holds the lock and has taken p out of its line.
func (p *place[T]) finish(v T, err error) {
	p.value, p.err, p.done = v, err, true
	if p.chosen != nil {
		p.chosen()
	}
	p.waiter.Wake()
}

// A line is a queue of places, oldest first.
type line[T any] struct{ first, last *place[T] }

func (l *line[T]) add(p *place[T]) {
	if l.last == nil {
		l.first = p
	} else {
		l.last.next = p
	}
	l.last = p
}

// remove takes p out, wherever it stands. Lines are short: most channels have one receiver.
func (l *line[T]) remove(p *place[T]) {
	var before *place[T]
	for q := l.first; q != p; q = q.next {
		before = q
	}
	if before == nil {
		l.first = p.next
	} else {
		before.next = p.next
	}
	if l.last == p {
		l.last = before
	}
	p.next = nil
}
