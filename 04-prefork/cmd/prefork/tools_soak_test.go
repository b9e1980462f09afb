//go:build soak

package main

import (
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// ab -n 100000 -c 50, as in document 001.
func TestSoakTools(t *testing.T) {
	conform.TestTools(t, 100_000, build(t), "-workers", "2")
}
