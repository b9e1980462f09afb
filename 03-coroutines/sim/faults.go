package sim

import (
	"math/rand/v2"
	"time"
)

// Faults say how often a world does what a real machine does seldom. Each number is a probability, from
// 0 to 1, for every time that there is an occasion.
type Faults struct {
	Short      float64 // a read or write takes less than it could; a write becomes several packets
	Again      float64 // a call that could succeed answers ErrAgain; the descriptor stays ready
	Unfounded  float64 // Wait reports a descriptor that is not ready (epoll_ctl(2) and select(2) warn of it)
	Withheld   float64 // Wait leaves a ready descriptor for the next time
	Early      float64 // Wait returns nothing before its time, as after a signal
	Late       float64 // a packet comes up to three seconds late, and all behind it
	Reset      float64 // of connections: broken for both sides, at some moment of their first seconds
	Forgotten  float64 // of resets: what had arrived and was not read yet is gone (systems differ)
	Aborted    float64 // of accepts: the client was gone
	Exhausted  float64 // no descriptor is left, for an accept or a connect
	Stall      float64 // of waits: the whole machine stood still, for up to two seconds
	Unfair     float64 // of waits: the process is not resumed for up to 5 ms, whatever happens
	SmallRooms bool    // connections hold a few bytes only, so that almost every write waits
}

// Draw chooses faults by chance: some kinds often, some never. A run without resets goes further into the
// program than one in which everything fails early; so each seed leaves some out.
func Draw(r *rand.Rand) Faults {
	some := func(most float64) float64 {
		if r.IntN(2) == 0 {
			return 0
		}
		return r.Float64() * most
	}
	return Faults{
		Short: some(0.8), Again: some(0.5), Unfounded: some(0.3), Withheld: some(0.7), Early: some(0.3),
		Late: some(0.2), Reset: some(0.3), Aborted: some(0.3), Exhausted: some(0.2), Stall: some(0.02),
		Unfair: some(0.2), SmallRooms: r.IntN(4) == 0, Forgotten: 0.5,
	}
}

// Harmless are the faults without those that end connections: everything is slow and cut in pieces, but
// every byte arrives.
func (f Faults) Harmless() Faults {
	f.Reset, f.Forgotten, f.Aborted, f.Exhausted, f.Stall, f.Late = 0, 0, 0, 0, 0, 0
	return f
}

// How long the faults last. They are below the time-outs of servers, so that a server that has to give
// up does so for more than one reason.
const (
	latest       = 3 * time.Second
	longestStall = 2 * time.Second
	longestTurn  = 5 * time.Millisecond
	breaksWithin = 5 * time.Second
	smallRoom    = 128 // bytes: a small request, but not two answers
)

// happens decides whether a fault occurs now.
func (w *World) happens(p float64) bool { return p > 0 && w.chance.Float64() < p }

// upTo is a length of time between 1 ns and most.
func (w *World) upTo(most time.Duration) time.Duration {
	return 1 + time.Duration(w.chance.Int64N(int64(most)))
}

// part is how much of n bytes a call takes: all, or less.
func (w *World) part(n int) int {
	if n > 1 && w.happens(w.options.Faults.Short) {
		return 1 + w.chance.IntN(n)
	}
	return n
}

// window is how many bytes one direction holds.
func (w *World) window() int {
	if w.options.Faults.SmallRooms {
		return min(smallRoom, w.options.Window)
	}
	return w.options.Window
}
