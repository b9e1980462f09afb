package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// A cost is what each coroutine of a chain takes.
type cost struct {
	make   float64 // ns, until it waits for the number, or is about to
	pass   float64 // ns, to pass it on
	memory float64 // bytes of stack and heap
}

// chainVariable tells a process of this program which chain to build. Each is built in a process of its own:
// the runtime keeps the descriptors of goroutines that have ended, and a second chain would seem to be
// smaller than the first.
const chainVariable = "C10K_CHAIN"

// ask has another process build a chain, and tell what it took.
func ask(kind string, n int) (c cost, err error) {
	program, err := os.Executable()
	if err != nil {
		return c, err
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", chainVariable, kind, n))
	child.Stderr = os.Stderr
	said, err := child.Output()
	if err != nil {
		return c, err
	}
	_, err = fmt.Sscan(string(said), &c.make, &c.pass, &c.memory)
	return c, err
}

// beChain builds the chain if this process was started to; then it does not return.
func beChain() {
	told := os.Getenv(chainVariable)
	if told == "" {
		return
	}
	var name string
	var n int
	if _, err := fmt.Sscan(told, &name, &n); err != nil {
		tool.Misused("%s=%q: %v", chainVariable, told, err)
	}
	for _, kind := range kinds {
		if kind.name == name {
			c, err := once(kind.build, n)
			if err != nil {
				tool.Failed(fmt.Errorf("%s: %w", name, err))
			}
			fmt.Println(c.make, c.pass, c.memory)
			os.Exit(0)
		}
	}
	tool.Misused("%s=%q: there is no such chain", chainVariable, told)
}

// once builds a chain and sends a number through it.
func once(build func(n int) (pass func(int) int, end func()), n int) (cost, error) {
	before := memory()
	begun := time.Now()
	pass, end := build(n)
	built := time.Now()
	got := pass(0)
	passed := time.Now()
	used := memory() - before
	end()
	if got != n {
		return cost{}, fmt.Errorf("the number is %d after %d coroutines", got, n)
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
	return cost{each(built.Sub(begun)), each(passed.Sub(built)), float64(used) / float64(n)}, nil
}

// memory is what stacks and heap take, in bytes.
func memory() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse + m.HeapAlloc)
}
