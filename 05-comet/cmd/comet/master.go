package main

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"example.com/c10k/04-prefork/prefork"
	"example.com/c10k/05-comet/comet"
	"example.com/c10k/05-comet/sequencer"
	"example.com/c10k/05-comet/usage"
)

// order is the master's part: the sequencer on the workers' links.
type order struct {
	*sequencer.Sequencer[prefork.WorkerID]
	log *slog.Logger
}

func newOrder(m *prefork.Master, o *options, log *slog.Logger) order {
	s := sequencer.New(sequencer.Config[prefork.WorkerID]{
		Epoch:  1 + rand.Uint64N(mostEpoch),
		Limits: o.limits,
		Send:   func(w prefork.WorkerID, f sequencer.Frame) { m.Send(w, byte(f.Kind), f.Payload()) },
		After:  m.After,
		Now:    time.Now,
		Report: func() string { return comet.MasterReport(os.Getpid(), usage.OfSelf()) },
	})
	if kept := m.Kept(); kept != nil {
		if err := s.Restore(kept); err != nil { // a history that begins anew: clients are told to begin anew too
			log.Error("what the program before knew cannot be read", "reason", err)
		}
	}
	return order{s, log}
}

// Keep is what the program that takes over in an upgrade has to know: the numbers, the history, and the
// rounds that are under way.
func (o order) Keep() []byte { return o.Save() }

// Stopping has every worker fail /readyz, some time before they are told to drain.
func (o order) Stopping() { o.Close() }

// mostEpoch keeps an epoch a number that JavaScript can hold, where numbers are exact up to 2⁵³. That two
// servers in a row have the same one happens once in 280,000,000,000,000 restarts.
const mostEpoch = 1 << 48

// Frame takes a worker's frame; what cannot be understood is dropped.
func (o order) Frame(w prefork.WorkerID, typ byte, payload []byte) {
	f, ok := sequencer.Parse(typ, payload)
	if !ok {
		o.log.Warn("a frame that is none of ours", "worker", int(w), "type", typ, "bytes", len(payload))
		return
	}
	o.log.Debug("frame", "worker", int(w), "kind", string(rune(f.Kind)), "id", f.ID, "n", f.N)
	o.Sequencer.Frame(w, f)
}
