package strand

import "time"

// Select waits until one of the cases can happen, and makes it happen: that one and no other. It returns
// its index, and the error that Recv or Send would have returned there. If the time comes first, or the
// wait is cancelled, the index is -1 and the error says why. The zero time waits for ever.
//
//	var job Job
//	switch i, err := strand.Select(m, until, jobs.Receiving(&job), results.Sending(last)); i {
//
// When several cases can happen at once the first of them does. So put first what must not starve; Go's
// select draws lots instead.
func Select(m Model, until time.Time, cases ...Case) (int, error) {
	m.Lock()
	if i, err := try(cases); i >= 0 {
		m.Unlock()
		return i, err
	}
	waiter := m.NewWaiterFor(ToSelect)
	leave := func() {
		for _, c := range cases {
			c.leave()
		}
	}
	for _, c := range cases {
		c.join(waiter, leave)
	}
	m.Unlock()
	err := waiter.Wait(until)

	m.Lock()
	defer m.Unlock()
	for i, c := range cases {
		if done, err := c.outcome(); done { // even if the time came too
			return i, err
		}
	}
	leave()
	return -1, err
}

// Try is Select with a default: if no case can happen at once, the index is -1 and the error nil.
func Try(m Model, cases ...Case) (int, error) {
	m.Lock()
	defer m.Unlock()
	return try(cases)
}

func try(cases []Case) (int, error) {
	for i, c := range cases {
		if done, err := c.try(); done {
			return i, err
		}
	}
	return -1, nil
}

// A Case is one of the things that a Select waits for: a channel's Receiving or Sending. It is used for
// one Select.
type Case interface {
	// All are called with the model's lock held.
	try() (done bool, err error)
	join(w Waiter, chosen func())
	leave()
	outcome() (done bool, err error)
}

// Receiving is the case in which a value is taken; it is then in *into.
func (c *Chan[T]) Receiving(into *T) Case { return &receiving[T]{channel: c, into: into} }

type receiving[T any] struct {
	channel *Chan[T]
	into    *T
	place   place[T]
}

func (r *receiving[T]) try() (bool, error) {
	v, err := r.channel.take()
	if err == errEmpty {
		return false, nil
	}
	*r.into = v
	return true, err
}

func (r *receiving[T]) join(w Waiter, chosen func()) {
	r.place.waiter, r.place.chosen = w, chosen
	r.channel.receivers.add(&r.place)
}

func (r *receiving[T]) leave() {
	if !r.place.done {
		r.channel.receivers.remove(&r.place)
	}
}

func (r *receiving[T]) outcome() (bool, error) {
	if r.place.done {
		*r.into = r.place.value
	}
	return r.place.done, r.place.err
}

// Sending is the case in which v is passed on.
func (c *Chan[T]) Sending(v T) Case { return &sending[T]{channel: c, place: place[T]{value: v}} }

type sending[T any] struct {
	channel *Chan[T]
	place   place[T]
}

func (s *sending[T]) try() (bool, error) {
	err := s.channel.give(s.place.value)
	if err == errFull {
		return false, nil
	}
	return true, err
}

func (s *sending[T]) join(w Waiter, chosen func()) {
	s.place.waiter, s.place.chosen = w, chosen
	s.channel.senders.add(&s.place)
}

func (s *sending[T]) leave() {
	if !s.place.done {
		s.channel.senders.remove(&s.place)
	}
}

func (s *sending[T]) outcome() (bool, error) { return s.place.done, s.place.err }
