// Command chain passes a number along 100,000 coroutines, each of which adds one, and says what that
// costs on three kinds of them:
//
//	pull      iter.Pull: the runtime hands the thread from one goroutine straight to the other
//	channels  goroutines that hand control to and fro over two channels: a coroutine as one had to write
//	          it before Go 1.23
//	plain     goroutines that pass the number on over a channel, and are left to Go's own scheduler
//
// The first two are coroutines: one runs at a time, and a loop says which. The third is what one would
// write in Go if nobody asked for a scheduler. It is less code, and uses all cores.
//
// What it does not do: no input or output, and no statistics; docs/results has those.
package main

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"runtime"
	"time"
)

func main() {
	n := flag.Int("n", 100_000, "pass the number along `N` coroutines, 1 or more")
	flag.Parse()
	if *n < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "chain: -n is 1 or more, and there are no other arguments")
		os.Exit(2)
	}
	for _, kind := range kinds {
		before := memory()
		built := time.Now()
		pass, end := kind.build(*n)
		passed := time.Now()
		got := pass(0)
		done := time.Now()
		used := memory() - before
		end()
		if got != *n {
			fmt.Fprintf(os.Stderr, "chain: %s: the number is %d after %d coroutines\n", kind.name, got, *n)
			os.Exit(1)
		}
		each := func(d time.Duration) time.Duration { return d / time.Duration(*n) }
		fmt.Printf("%-9s %d coroutines: %v each to make, %v each to pass the number, %d bytes each\n",
			kind.name, *n, each(passed.Sub(built)), each(done.Sub(passed)), used / *n)
	}
}

// memory is what stacks and heap take, in bytes.
func memory() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse + m.HeapAlloc)
}

// A kind builds a chain of n: pass sends a number through, end lets the chain go.
var kinds = []struct {
	name  string
	build func(n int) (pass func(int) int, end func())
}{{"pull", pull}, {"channels", channels}, {"plain", plain}}

// pull: each coroutine waits for the number, adds one, and waits again; the loop carries it from one to
// the next.
func pull(n int) (pass func(int) int, end func()) {
	var number int
	type coroutine struct {
		resume func() (struct{}, bool)
		stop   func()
	}
	chain := make([]coroutine, n)
	for i := range chain {
		c := &chain[i]
		c.resume, c.stop = iter.Pull(func(yield func(struct{}) bool) {
			for yield(struct{}{}) {
				number++
			}
		})
		c.resume() // to where it waits
	}
	pass = func(v int) int {
		number = v
		for _, c := range chain {
			c.resume()
		}
		return number
	}
	return pass, func() {
		for _, c := range chain {
			c.stop()
		}
	}
}

// channels: the same with two channels for each switch, one for the way in and one for the way out.
func channels(n int) (pass func(int) int, end func()) {
	var number int
	type coroutine struct{ resume, yield chan struct{} }
	chain := make([]coroutine, n)
	for i := range chain {
		c := coroutine{make(chan struct{}), make(chan struct{})}
		chain[i] = c
		go func() {
			for range c.resume {
				number++
				c.yield <- struct{}{}
			}
		}()
	}
	pass = func(v int) int {
		number = v
		for _, c := range chain {
			c.resume <- struct{}{}
			<-c.yield
		}
		return number
	}
	return pass, func() {
		for _, c := range chain {
			close(c.resume)
		}
	}
}

// plain: each goroutine receives from the one before and sends to the one behind.
func plain(n int) (pass func(int) int, end func()) {
	first := make(chan int)
	last := first
	for range n {
		from, to := last, make(chan int)
		go func() {
			defer close(to)
			for v := range from {
				to <- v + 1
			}
		}()
		last = to
	}
	pass = func(v int) int {
		first <- v
		return <-last
	}
	return pass, func() {
		close(first)
		for range last {
		}
	}
}
