package main

import (
	"testing"

	"example.com/c10k/01-blocking/conform"
)

func TestConform(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/01-blocking/cmd/blocking")
	t.Run("sequential", func(t *testing.T) { conform.TestCommand(t, "01-sequential", program, "-model", "sequential") })
	t.Run("threads", func(t *testing.T) { conform.TestCommand(t, "01", program, "-model", "threads") })
	t.Run("unlocked", func(t *testing.T) { conform.TestCommand(t, "01", program, "-model", "threads", "-unlocked") })
}
