package comet_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
	"example.com/c10k/05-comet/sequencer"
)

var (
	oneSeed = flag.Uint64("seed", 0, "simulate this seed only, and print its calls")
	many    = flag.Uint64("seeds", 0, "simulate so many seeds")
)

// A whole comet server in a world of its own: a master with the sequencer, workers with hubs, clients of
// every kind; they publish, poll, stream, close, are slow and stay away, while workers are killed, the
// server is reloaded and upgraded, and in the end drained. Every client keeps a book, and every answer is
// compared with what was published.
func TestTheWholeServer(t *testing.T) {
	last := uint64(1000)
	if testing.Short() {
		last = 100
	}
	if *many > 0 {
		last = *many
	}
	first := uint64(1)
	if *oneSeed > 0 {
		first, last = *oneSeed, *oneSeed
	}
	var seen tally
	for seed := first; seed <= last; seed++ {
		o := sim.Options{Seed: seed, Calls: 5_000_000}
		if *oneSeed > 0 {
			o.Trace = t.Output()
		}
		print, err := play(o, &seen)
		if err == nil && seed%20 == 0 {
			if again, _ := play(o, &tally{}); again != print {
				err = errors.New("two runs of one seed differ")
			}
		}
		if err != nil {
			t.Fatalf("seed %d: %v\nrun it again: go test ./comet -run TestTheWholeServer -seed %d", seed, err, seed)
		}
	}
	t.Logf("%+v", seen)
	if first != last && (seen.Events == 0 || seen.Streamed == 0 || seen.Resets == 0 || seen.Expired == 0 || seen.Unavailable == 0 ||
		seen.Killed == 0 || seen.Reloads == 0 || seen.Upgrades == 0 || seen.Told == 0 || seen.Resumed == 0) {
		t.Error("something never happened, so it was not tested")
	}
}

// A tally is what clients have met with.
type tally struct {
	Published, Events, Streamed, Resets, Expired, Unavailable, Resumed, Told int
	Killed, Reloads, Upgrades                                                int
}

func play(o sim.Options, seen *tally) (fingerprint uint64, err error) {
	o.Faults = sim.Draw(rand.New(rand.NewPCG(o.Seed, 3)))
	// The links between master and workers are sockets of one machine: a reset there is a dead process.
	w := sim.New(o)
	s := newSite(w, seen)
	err = w.Run()
	return w.Fingerprint(), errors.Join(append([]error{err}, s.wrong...)...)
}

// A site is everything in one world.
type site struct {
	world  *sim.World
	random *rand.Rand
	seen   *tally
	master *master
	wrong  []error

	ledger  []*sequencer.Message // everything that was published, by number less one
	clients int                  // that have not ended
	writers int                  // of those, who still publish
	quiet   time.Time            // when the last message was published and the last blow was dealt
}

const troubles = 20 * time.Second // within which things are killed and reloaded

var topics = []string{"a", "b", "c"}

func newSite(w *sim.World, seen *tally) *site {
	s := &site{world: w, random: w.Random, seen: seen}
	s.startMaster()
	w.Start("clients", func(k *sim.Kernel) error {
		scheduler := coro.New(k, coro.Options{Poison: true})
		return scheduler.Run(func() { s.startClients(scheduler) })
	})
	for range s.random.IntN(4) {
		w.After(s.upTo(troubles), s.trouble)
	}
	return s
}

// upTo is a length of time below d.
func (s *site) upTo(d time.Duration) time.Duration { return time.Duration(s.random.Int64N(int64(d))) }

// trouble is what happens to the server.
func (s *site) trouble() {
	if s.master.order == nil {
		return // it comes before the master has begun, and hits nobody
	}
	switch s.random.IntN(3) {
	case 0:
		s.master.killOne()
	case 1:
		s.master.scheduler.Post(s.master.reload)
	case 2:
		s.master.scheduler.Post(s.master.upgrade)
	}
}

func (s *site) fail(format string, of ...any) {
	if len(s.wrong) < 8 {
		s.wrong = append(s.wrong, fmt.Errorf(format, of...))
	}
}

// published is what a client that asks for some topics has to be told, between two numbers.
func (s *site) published(names []string, after, upTo uint64) (all []*sequencer.Message) {
	for n := after; n < min(upTo, uint64(len(s.ledger))); n++ {
		for _, name := range names {
			if m := s.ledger[n]; m.Topic == name {
				all = append(all, m)
			}
		}
	}
	return all
}

// over tells whether a client that has everything up to a number will not be told anything more.
func (s *site) over(names []string, number uint64) bool {
	return s.writers == 0 && len(s.published(names, number, uint64(len(s.ledger)))) == 0
}

// dropped tells whether something above a number of some topics is not kept any more.
func (s *site) dropped(names []string, number uint64) bool {
	for _, name := range names {
		if s.master.order.Kept().Mark(name) > number {
			return true
		}
	}
	return false
}
