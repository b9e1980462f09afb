//go:build soak

package main

import (
	"os"
	"testing"
	"time"

	"example.com/c10k/01-blocking/measure"
)

// A hundred times the clients of 2009, and their server, in one process and on one thread, in some 12 GB. With
// less than a minute for each long test (SOAK=10s) it is a tenth of them; and no more than memory has room for.
func TestSoakAMillionClients(t *testing.T) {
	clients := 1_000_000
	if d, err := time.ParseDuration(os.Getenv("C10K_SOAK")); err == nil && d < time.Minute {
		clients /= 10
	}
	memory := measure.Here("").MemoryBytes // 0: not known
	if fit := int(memory / 10 * 8 / perClient); memory > 0 && fit < clients {
		t.Logf("%d clients of %d fit into this machine's memory", fit, clients)
		clients = fit
	}
	if r, err := onPaper(options{clients: clients, seed: 1}, 0); err != nil || r.clients != clients {
		t.Errorf("%d clients of %d, %v", r.clients, clients, err)
	}
}
