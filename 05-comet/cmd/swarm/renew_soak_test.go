//go:build soak

package main

import (
	"encoding/json"
	"os"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/05-comet/audience"
	"example.com/c10k/05-comet/swarm"
)

// Ten thousand wait, and the server is reloaded, upgraded and reloaded again under them: all are counted and told.
func TestSoakRenewalsUnderTenThousandWaiters(t *testing.T) {
	comet := conform.Build(t, "example.com/c10k/05-comet/cmd/comet") + " -workers 2 -drain-time 60s -addr {addr}"
	got := finish(t, process("-json", "-serve", comet, "-n", "10000", "-signals", "HUP,USR2,HUP"))
	var r swarm.Result
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.status != 0 || len(r.Renewals) != 3 {
		t.Fatalf("%v, %+v", err, got)
	}
	t.Logf("%d of %d clients waited, and were told after %v: lost %d, wrong %d; first %.1f ms, last %.1f ms",
		r.Clients, r.Asked, r.Renewals, r.Lost, r.Wrong, r.First, r.Last)
}

// Ten thousand follow, and each time all of them come back with what they have: nothing is lost, nothing doubled.
func TestSoakRenewalsUnderTenThousandFollowers(t *testing.T) {
	comet := conform.Build(t, "example.com/c10k/05-comet/cmd/comet") + " -workers 2 -addr {addr}"
	long := os.Getenv("C10K_SOAK") // make soak says how long
	got := finish(t, process("-json", "-serve", comet, "-poll", "5000", "-stream", "5000", "-rate", "1",
		"-time", long, "-signals", "HUP,USR2,HUP,USR2"))
	var r audience.Result
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.status != 0 || len(r.Renewals) != 4 {
		t.Fatalf("%v, %+v", err, got)
	}
	if all := r.Pollers + r.Streams; r.Connections < 5*all || r.Resets != 0 {
		t.Errorf("%d clients connected %d times, and should have come back four times; resets %d", all, r.Connections, r.Resets)
	}
	t.Logf("%d poll, %d stream; all were back after %v; sent %d, received %d, lost %d, doubled %d",
		r.Pollers, r.Streams, r.Renewals, r.Sent, r.Received, r.Lost, r.Doubled)
}
