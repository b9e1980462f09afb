package main

import "example.com/c10k/01-blocking/measure"

// A sample is what some clients took together: to be accepted, to wait, to be notified and answered.
type sample struct {
	clients float64
	memory  float64 // bytes of the server's processes, with everybody parked
	cpu     float64 // seconds of the server's processes, user and system
	last    float64 // seconds from the notification to the last answer
}

func (s sample) add(r *measure.Result) {
	r.AddAt("comet", "memory", "B", s.clients, "clients", s.memory)
	r.AddAt("comet", "cpu", "s", s.clients, "clients", s.cpu)
	r.AddAt("comet", "last", "s", s.clients, "clients", s.last)
}

// A cost is what one more client takes.
type cost struct {
	user, kernel float64 // bytes; kernel 0: unknown
	cpu          float64 // seconds
	last         float64 // seconds that it makes the last one wait longer
}

// fit is the slope of each quantity over the number of clients: what does not grow with them, the base of the
// processes, is in none of it.
func fit(seen []sample, kernel float64) cost {
	of := func(quantity func(sample) float64) float64 { return slope(seen, quantity) }
	return cost{
		user:   of(func(s sample) float64 { return s.memory }),
		kernel: kernel,
		cpu:    of(func(s sample) float64 { return s.cpu }),
		last:   of(func(s sample) float64 { return s.last }),
	}
}

// slope is that of the straight line through the samples with the least sum of squares.
func slope(seen []sample, quantity func(sample) float64) float64 {
	var x, y float64 // means
	for _, s := range seen {
		x += s.clients / float64(len(seen))
		y += quantity(s) / float64(len(seen))
	}
	var together, alone float64
	for _, s := range seen {
		together += (s.clients - x) * (quantity(s) - y)
		alone += (s.clients - x) * (s.clients - x)
	}
	return together / alone
}

func (c cost) add(r *measure.Result) {
	r.Add("client", "user-memory", "B", c.user)
	if c.kernel > 0 {
		r.Add("client", "kernel-memory", "B", c.kernel)
	}
	r.Add("client", "cpu", "µs", c.cpu*1e6)
	r.Add("client", "last", "µs", c.last*1e6)
}

// ends are the numbers of clients at which a machine is full, for each of its parts.
type ends struct {
	memory float64 // it has no more
	cores  float64 // it has no second left, if everybody is sent away and comes back each second
	answer float64 // a notification reaches the last one after a second
}

func (c cost) ends(m machine) ends {
	return ends{
		memory: float64(m.memory) / (c.user + c.kernel),
		cores:  float64(m.cores) / c.cpu,
		answer: 1 / c.last,
	}
}
