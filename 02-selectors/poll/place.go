package poll

import (
	"os"
	"runtime"
)

// KeepPlace is for a main function whose goroutine is a loop around Wait, in a program that has one processor
// to itself. It gives Go's scheduler a second place to run goroutines, which stays empty, so that the loop
// keeps its own while it waits. Who set GOMAXPROCS in the environment has decided, and is left alone.
//
// Without it every wait costs more than the wait. The runtime's watcher takes a place away from a goroutine
// that is in a system call for 20 µs, unless another is free: then it lets 10 ms go by (retake and sysmon in
// runtime/proc.go). After each place taken it goes on looking every 20 µs, and with no place left in use it is
// put to sleep, and woken when the wait is over. On one core, with 50 clients that open a connection for each
// request, that was 8 % of a server's CPU time, and is 2 %.
//
// It is not for a loop that lets other goroutines run before each wait, as a prefork worker's does for its link:
// there the second place is woken every time.
func KeepPlace() {
	if runtime.GOMAXPROCS(0) == 1 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2)
	}
}
