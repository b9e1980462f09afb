package main

import "iter"

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
