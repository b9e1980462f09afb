package sim_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

// The suite that every server runs, played by coroutines over a network that cuts everything in pieces,
// and with time-outs that are waited for on a clock that leaps. Its stories are long, so they get fewer
// seeds.
func TestConformance(t *testing.T) {
	stage, err := conform.StageNamed("03")
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range stage.Rounds() {
		// 64 MiB in packets of a few bytes are minutes; the real machine moves them.
		round.Groups = slices.DeleteFunc(slices.Clone(round.Groups), func(g string) bool { return g == "budget" })
		name := round.App
		timeouts := serve.DefaultTimeouts
		if round.Timeouts {
			name += " with short time-outs"
			short := 500 * time.Millisecond // conform.ShortTimeouts
			timeouts = serve.Timeouts{Header: short, Request: 800 * time.Millisecond, Write: 30 * time.Second, Idle: short}
		}
		t.Run(name, func(t *testing.T) {
			fewSeeds(t, func(w *sim.World, f sim.Faults) func() error {
				h := &site{world: w, faults: f, timeouts: timeouts, make: func(m strand.Model) http1.Handler {
					handler, err := app.New(round.App, m)
					if err != nil {
						t.Error(err)
					}
					return handler
				}}
				h.run(func(s *coro.Scheduler) { h.grade(s, round) })
				return h.verdict
			}, inPieces)
		})
	}
}

// inPieces are faults that cost a server nothing but patience. A room of a few bytes would make a body of
// a megabyte a story of its own.
func inPieces(f sim.Faults) sim.Faults {
	f = f.Harmless()
	f.SmallRooms = false
	f.Short = min(f.Short, 0.3)
	return f
}

func (h *site) grade(s *coro.Scheduler, round conform.Round) {
	results, err := conform.Grade(conform.Target{
		URL: "http://" + address, App: round.App, Groups: round.Groups, OnlyApp: round.OnlyApp,
		Patience: conform.Patience{Now: s.Now, Wait: 10 * time.Second, Pause: 20 * time.Millisecond},
		Dial:     func() (net.Conn, error) { return dial(s, address), nil },
	})
	if err != nil {
		h.fail("%v", err)
		return
	}
	for r := range results {
		if r.Failure != nil {
			h.fail("%s", conform.Report(r.Case, r.Failure))
		}
	}
}
