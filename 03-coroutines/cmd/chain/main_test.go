package main

import (
	"runtime"
	"testing"
)

func TestEveryChainAddsOneForEach(t *testing.T) {
	for _, kind := range kinds {
		before := runtime.NumGoroutine()
		pass, end := kind.build(1000)
		for range 2 {
			if got := pass(7); got != 1007 {
				t.Errorf("%s: 7 came out as %d", kind.name, got)
			}
		}
		end()
		for runtime.NumGoroutine() > before { // they end when they are scheduled next
			runtime.Gosched()
		}
	}
}
