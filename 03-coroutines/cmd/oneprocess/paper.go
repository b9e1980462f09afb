package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"example.com/c10k/03-coroutines/sim"
)

const (
	simulatedAddress = "10.0.0.1:80"

	// perClient is the memory that a simulated client takes at the most: 11 KB for both ends, both
	// coroutines and the network between them, and some for garbage. The collector keeps to it.
	perClient = 14 << 10

	leastMemory = 64 << 20 // bytes: for a few clients

	progressLines = 10
)

// onPaper runs the test on the simulated kernel.
func onPaper(o options, memory int64) (round, error) {
	need := int64(o.clients) * perClient
	if memory > 0 && need > memory/10*9 {
		return round{}, fmt.Errorf("%d clients take %d MB, and this machine has %d: ask for fewer with -n", o.clients, need>>20, memory>>20)
	}
	debug.SetGCPercent(seldom)
	debug.SetMemoryLimit(max(need, leastMemory))
	begun := time.Now()
	c := newCrowd(o.clients, simulatedAddress)
	c.progress = func(what string) {
		fmt.Fprintf(os.Stderr, "%8.1f s  %s, %d MB\n", time.Since(begun).Seconds(), what, peak()>>20)
	}
	w := sim.New(sim.Options{Seed: o.seed, Descriptors: 2*o.clients + spare, Calls: 100*o.clients + 10_000})
	w.Start("everybody", func(k *sim.Kernel) error { return c.run(k) })
	r, err := timed(c, w.Run)
	r.simulated = w.Now()
	return r, err
}
