package main

import (
	"flag"
	"os"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/02-selectors/poll"
)

// Tests of time-outs wait and do not compute: as many of them as like may do so together, not only as
// many as there are cores. An explicit -parallel wins.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "64")
	os.Exit(m.Run())
}

// The program, as a process, is held to what stage 02 promises, on every poller that this system has.
func TestConform(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/02-selectors/cmd/selectors")
	for _, poller := range poll.Names() {
		t.Run(poller, func(t *testing.T) {
			t.Parallel() // most of it is waiting for time-outs
			conform.TestCommand(t, "02", program, "-poller", poller)
		})
	}
	t.Run("defer-accept", func(t *testing.T) {
		t.Parallel()
		conform.TestCommand(t, "02", program, "-defer-accept")
	})
}
