package sim

import (
	"time"

	"example.com/c10k/02-selectors/poll"
)

// Set declares what is wanted of a descriptor; 0 forgets it.
func (k *Kernel) Set(fd int, want poll.Interest) error {
	f, err := k.file("set", fd)
	if err != nil {
		return err
	}
	f.want = want &^ poll.Exclusive
	f.changed()
	_, err = k.done("set", fd, int(want), nil)
	return err
}

// Wait returns what is ready of what is wanted. It is where a process gives way to the others.
func (k *Kernel) Wait(events []poll.Event, d time.Duration) (int, error) {
	if err := k.call(); err != nil {
		return 0, err
	}
	w := k.world
	k.until = forever
	if d >= 0 {
		k.until = w.now + d
	}
	if w.happens(w.options.Faults.Early) {
		k.until = w.now
	}
	if w.happens(w.options.Faults.Unfair) {
		k.notBefore = w.now + w.upTo(longestTurn)
	}
	if w.happens(w.options.Faults.Stall) {
		w.now += w.upTo(longestStall)
	}
	if !k.yield(struct{}{}) || k.state != alive {
		return 0, ErrOver
	}
	k.interrupted.Store(false)
	return k.done("wait", len(events), k.collect(events), nil)
}

// able says whether a process that is in Wait has a reason to return from it.
func (k *Kernel) able() bool {
	if k.world.now < k.notBefore {
		return false
	}
	for len(k.ready) > 0 && k.ready[0].is() == 0 {
		k.ready[0].queued = false
		k.ready = k.ready[1:]
	}
	return len(k.ready) > 0 || k.interrupted.Load() || k.until != forever && k.until <= k.world.now
}

// wakes is when a process that waits has a reason to go on, if it has one already.
func (k *Kernel) wakes() (at time.Duration, ever bool) {
	switch {
	case k.state != alive:
		return 0, false
	case len(k.ready) > 0 || k.interrupted.Load():
		return k.notBefore, true
	}
	return max(k.until, k.notBefore), k.until != forever
}

// collect fills events from the queue of those that may be ready. Who is ready stays in the queue, at its
// end: that is what level-triggered means, and nobody is passed over when there are more than fit.
func (k *Kernel) collect(events []poll.Event) int {
	w := k.world
	n := 0
	for range len(k.ready) {
		if n == len(events) {
			break
		}
		f := k.ready[0]
		k.ready = k.ready[1:]
		is := f.is()
		if is == 0 {
			f.queued = false
			continue
		}
		k.ready = append(k.ready, f)
		if !w.happens(w.options.Faults.Withheld) {
			events[n] = poll.Event{FD: int32(f.fd), Ready: is}
			n++
		}
	}
	if n < len(events) && w.happens(w.options.Faults.Unfounded) {
		n += k.invent(events[:n], &events[n])
	}
	if w.options.Faults != (Faults{}) {
		w.chance.Shuffle(n, func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
	for _, e := range events[:n] {
		w.trace.record(w, k, "ready", int(e.FD), int(e.Ready), nil)
	}
	return n
}

// invent makes an event without a reason, for a descriptor that is watched and has none yet. A connection
// that is not decided is left alone: no kernel says that of one.
func (k *Kernel) invent(events []poll.Event, into *poll.Event) int {
	if len(k.table) == 0 {
		return 0
	}
	f := k.table[k.world.chance.IntN(len(k.table))]
	if f == nil || f.want == 0 || f.end != nil && f.end.connecting {
		return 0
	}
	for _, e := range events {
		if int(e.FD) == f.fd {
			return 0
		}
	}
	*into = poll.Event{FD: int32(f.fd), Ready: f.want}
	return 1
}
