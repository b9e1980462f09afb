package sim

import (
	"fmt"
	"io"
)

// A trace is what happened, in order: every call with its result, every event. It is kept as a number
// (FNV-1a over all of it), and written as text when somebody wants to read it.
type trace struct {
	hash uint64
	out  io.Writer
}

// FNV-1a of 64 bits (draft-eastlake-fnv-21).
const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

func (t *trace) number(n uint64) {
	for range 8 {
		t.hash = (t.hash ^ n&0xff) * fnvPrime
		n >>= 8
	}
}

func (t *trace) text(s string) {
	for i := range len(s) {
		t.hash = (t.hash ^ uint64(s[i])) * fnvPrime
	}
}

// record adds one line: who did what, with which descriptor, and what came of it.
func (t *trace) record(w *World, k *Kernel, what string, fd, n int, err error) {
	t.number(uint64(w.now))
	t.text(k.name)
	t.text(what)
	t.number(uint64(fd))
	t.number(uint64(n))
	if err != nil {
		t.text(err.Error())
	}
	if t.out == nil {
		return
	}
	result := fmt.Sprint(n)
	if err != nil {
		result += ", " + err.Error()
	}
	fmt.Fprintf(t.out, "%14v  %-10s %s %d: %s\n", w.now, k.name, what, fd, result)
}
