package sim_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/strand/modeltest"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run this seed only; 0: all of them")
	many    = flag.Int("seeds", 0, "how many seeds; 0: as many as there is time for")
	from    = flag.Uint64("from", 1, "the first of them, to run many in pieces")
	show    = flag.Bool("show", false, "with -seed: print every kernel call and its result")
)

// A scenario fills a world with processes. What it returns is asked when the world has ended: nil if all
// went as it should.
type scenario func(w *sim.World, faults sim.Faults) (verdict func() error)

// seeds runs a scenario with every seed, and ends at the first that fails: with the seed, the command that
// runs it again, and the end of its trace.
func seeds(t *testing.T, s scenario, allowed func(sim.Faults) sim.Faults) {
	t.Helper()
	run(t, uint64(number()), s, allowed)
}

// fewSeeds is for scenarios that take a fifty times as long.
func fewSeeds(t *testing.T, s scenario, allowed func(sim.Faults) sim.Faults) {
	t.Helper()
	run(t, max(1, uint64(number()/50)), s, allowed)
}

func run(t *testing.T, count uint64, s scenario, allowed func(sim.Faults) sim.Faults) {
	t.Helper()
	first, last := *from, *from+count-1
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	for seed := first; seed <= last; seed++ {
		var out io.Writer
		if *show {
			out = t.Output()
		}
		if err := twice(s, allowed, seed, out); err != nil {
			var end lastLines
			play(s, allowed, seed, &end)
			t.Fatalf("seed %d: %v\nrun it again: go test ./sim -run '%s' -seed %d -show\nthe end of its trace:\n%s",
				seed, err, pattern(t.Name()), seed, strings.Join(end, ""))
		}
	}
}

// twice runs a seed two times: both must go well, and in the same way.
func twice(s scenario, allowed func(sim.Faults) sim.Faults, seed uint64, trace io.Writer) error {
	once, err := play(s, allowed, seed, trace)
	if err != nil {
		return err
	}
	if again, err := play(s, allowed, seed, nil); err != nil || again != once {
		return fmt.Errorf("two runs of the same seed differ: %x, and then %x, %v", once, again, err)
	}
	return nil
}

func play(s scenario, allowed func(sim.Faults) sim.Faults, seed uint64, trace io.Writer) (fingerprint uint64, err error) {
	faults := allowed(sim.Draw(rand.New(rand.NewPCG(seed, 3))))
	w := sim.New(sim.Options{Seed: seed, Faults: faults, Calls: 3_000_000, Trace: trace})
	verdict := s(w, faults)
	err = w.Run()
	fingerprint = w.Fingerprint()
	if err == nil {
		err = verdict()
	}
	return fingerprint, err
}

// Which faults a scenario is played with.
func all(f sim.Faults) sim.Faults      { return f }
func harmless(f sim.Faults) sim.Faults { return f.Harmless() }

// pattern selects one test, which may be a subtest, and may have been called by TestSoakSeeds.
func pattern(name string) string {
	name = name[strings.LastIndex(name, "Test"):]
	return "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
}

// lastLines is an io.Writer that keeps the last of the lines that are written to it.
type lastLines []string

func (l *lastLines) Write(line []byte) (int, error) {
	if len(*l) == 40 {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, string(line))
	return len(line), nil
}

// process is a simulated process with a scheduler: main is its first coroutine.
func process(w *sim.World, name string, main func(s *coro.Scheduler)) *sim.Kernel {
	return w.Start(name, func(k *sim.Kernel) error {
		s := coro.New(k, coro.Options{Poison: true})
		k.Explain(func() string { return (&coro.Deadlock{Tasks: s.Tasks()}).Error() })
		return s.Run(func() { main(s) })
	})
}

// calm runs main in a world in which nothing goes wrong, and expects that it ends well.
func calm(t *testing.T, o sim.Options, main func(w *sim.World, s *coro.Scheduler)) {
	t.Helper()
	w := sim.New(o)
	process(w, "process", func(s *coro.Scheduler) { main(w, s) })
	if err := w.Run(); err != nil {
		t.Error(err)
	}
}

// A scenario that depends on anything but its seed cannot be replayed. That must be seen.
func TestADifferenceBetweenTwoRunsIsSeen(t *testing.T) {
	runs := 0
	restless := func(w *sim.World, _ sim.Faults) func() error {
		runs++
		process(w, "restless", func(s *coro.Scheduler) { s.Sleep(time.Duration(runs) * time.Hour) })
		return func() error { return nil }
	}
	if err := twice(restless, all, 1, nil); err == nil || !strings.Contains(err.Error(), "two runs of the same seed differ") {
		t.Errorf("got %v", err)
	}
}

func TestEverySeedIsAnotherWorld(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(100) {
		fingerprint, err := play(func(w *sim.World, _ sim.Faults) func() error {
			process(w, "process", func(s *coro.Scheduler) {
				for range 10 {
					s.Yield()
				}
			})
			return func() error { return nil }
		}, all, seed, nil)
		if other, same := seen[fingerprint]; same || err != nil {
			t.Errorf("seeds %d and %d are the same, %v", seed, other, err)
		}
		seen[fingerprint] = seed
	}
}

func TestAnHourCostsNothing(t *testing.T) {
	calm(t, sim.Options{Seed: 1}, func(w *sim.World, s *coro.Scheduler) {
		start := s.Now()
		s.Sleep(time.Hour)
		if took := s.Now().Sub(start); took < time.Hour || took > time.Hour+time.Millisecond {
			t.Errorf("an hour took %v", took)
		}
	})
}

func TestAWorldThatStandsStillSaysWhoWaits(t *testing.T) {
	w := sim.New(sim.Options{Seed: 1})
	process(w, "server", func(s *coro.Scheduler) {
		l, err := s.Listen("10.0.0.1:80", coro.ListenOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		l.Accept() // and nobody comes
	})
	err := w.Run()
	if err == nil || !strings.Contains(err.Error(), "stands still: server waits") || !strings.Contains(err.Error(), "main has waited for accept fd 3") {
		t.Errorf("Run returned %v", err)
	}
}

func TestADescriptorThatIsLeftOpenIsNamed(t *testing.T) {
	w := sim.New(sim.Options{Seed: 1})
	process(w, "server", func(s *coro.Scheduler) { s.Listen("10.0.0.1:80", coro.ListenOptions{}) })
	err := w.Run()
	if err == nil || !strings.Contains(err.Error(), "server: ended with 1 descriptors open, the first is 3, a listener at 10.0.0.1:80") {
		t.Errorf("Run returned %v", err)
	}
}

// What a process does against the contract of poll and coro is reported, even where a real kernel is silent.
func TestMisuseIsReported(t *testing.T) {
	misuses := map[string]func(k *sim.Kernel, fd int){
		"close of descriptor 3, which is not open": func(k *sim.Kernel, fd int) { k.Close(fd); k.Close(fd) },
		"read of descriptor 99, which is not open": func(k *sim.Kernel, fd int) { k.Read(99, nil); k.Close(fd) },
		"closed while it was watched":              func(k *sim.Kernel, fd int) { k.Set(fd, 1); k.Close(fd) },
		"read of 3, a listener":                    func(k *sim.Kernel, fd int) { k.Read(fd, nil); k.Close(fd) },
	}
	for complaint, misuse := range misuses {
		w := sim.New(sim.Options{Seed: 1})
		w.Start("clumsy", func(k *sim.Kernel) error {
			fd, _, err := k.Listen("10.0.0.1:80", coro.ListenOptions{})
			misuse(k, fd)
			return err
		})
		if err := w.Run(); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("Run returned %v, which does not say: %s", err, complaint)
		}
	}
}

func TestWhoRunsInCirclesIsStopped(t *testing.T) {
	w := sim.New(sim.Options{Seed: 1, Calls: 1000})
	process(w, "busy", func(s *coro.Scheduler) {
		for s.Yield() == nil {
		}
	})
	if err := w.Run(); err == nil || !strings.Contains(err.Error(), "1000 calls and no end") {
		t.Errorf("Run returned %v", err)
	}
}

// A killed process closes nothing and says nothing; its kernel does.
func TestAKillRunsNoDeferredCall(t *testing.T) {
	w := sim.New(sim.Options{Seed: 1})
	deferred, seen := false, error(nil)
	victim := process(w, "victim", func(s *coro.Scheduler) {
		l, err := s.Listen("10.0.0.1:80", coro.ListenOptions{Backlog: 1})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { deferred = true }()
		c.Recv(time.Time{})
	})
	process(w, "peer", func(s *coro.Scheduler) {
		s.Sleep(time.Second)
		c, err := s.Dial("10.0.0.1:80", time.Time{})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, seen = c.Recv(s.Now().Add(time.Minute))
		if deferred {
			t.Error("a deferred call of the killed process ran while the others went on")
		}
		if _, err := s.Dial("10.0.0.1:80", time.Time{}); err != sim.ErrRefused {
			t.Errorf("connecting to the dead: %v", err)
		}
	})
	w.After(2*time.Second, func() { w.Kill(victim) })
	if err := w.Run(); err != nil {
		t.Error(err)
	}
	if !errors.Is(seen, io.EOF) {
		t.Errorf("the peer saw %v, not the end of the stream", seen)
	}
}

// A scheduler on this kernel is a strand.Model as on any other.
func TestModel(t *testing.T) {
	modeltest.Test(t, func(t *testing.T, main func(strand.Model)) {
		calm(t, sim.Options{Seed: 1}, func(_ *sim.World, s *coro.Scheduler) { main(s) })
	})
}
