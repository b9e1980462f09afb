package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noisyRun is a run of five rounds, as -quick has them, on a machine where every value is off by some percent,
// with a server that takes so many times what the floor takes.
func noisyRun(random *rand.Rand, spread, times float64) *result {
	r := &result{}
	for range 5 {
		for name, each := range map[string]float64{reference[0].name: 7, reference[1].name: 7, "server": 7 * times} {
			r.enter(name, "cpu", "µs", 0, each*math.Exp(spread*random.NormFloat64()))
		}
	}
	return r
}

// Equal servers are not called slower or faster, and one that has become a fifth slower is: seldom otherwise,
// which is counted over a thousand runs of each kind.
func TestCompareIsRight(t *testing.T) {
	random := rand.New(rand.NewPCG(2009, 10_000))
	const runs = 1000
	for _, c := range []struct {
		name          string
		spread, times float64
		slower        [2]int // how often it may be called so, at least and at most
		faster        int
	}{
		{"equal, quiet", 0.01, 1.5, [2]int{0, runs / 100}, runs / 100},
		{"equal, noisy", 0.08, 1.5, [2]int{0, runs / 100}, runs / 100},
		{"a fifth slower, quiet", 0.02, 1.8, [2]int{runs * 99 / 100, runs}, 0},
	} {
		slower, faster := 0, 0
		for range runs {
			before, after := noisyRun(random, c.spread, 1.5), noisyRun(random, c.spread, c.times)
			was, err := before.times("server", 0)
			if err != nil {
				t.Fatal(err)
			}
			is, err := after.times("server", 0)
			if err != nil {
				t.Fatal(err)
			}
			noiseBefore, err := before.noise(0)
			if err != nil {
				t.Fatal(err)
			}
			noiseAfter, err := after.noise(0)
			if err != nil {
				t.Fatal(err)
			}
			switch judge(was, is, max(noiseBefore, noiseAfter)) {
			case verdictSlower:
				slower++
			case verdictFaster:
				faster++
			}
		}
		if slower < c.slower[0] || slower > c.slower[1] || faster > c.faster {
			t.Errorf("%s: of %d it is called slower in %d and faster in %d; want %v and at most %d", c.name, runs, slower, faster, c.slower, c.faster)
		}
	}
}
