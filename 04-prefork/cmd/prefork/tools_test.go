package main

import (
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// The tools that the source documents measured with have nothing to complain about. make soak sends ten
// times as much.
func TestTools(t *testing.T) {
	requests := 10_000
	if testing.Short() {
		requests = 1_000
	}
	conform.TestTools(t, requests, build(t), "-workers", "2")
}
