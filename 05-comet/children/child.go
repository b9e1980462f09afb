package children

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// A Duty is what a child does with its assignment.
type Duty[Order any] struct {
	Main func()      // its first coroutine
	Obey func(Order) // called for each order, on the scheduler, between two coroutines: so it may not wait
}

// Child is the whole life of a child, with a scheduler of its own: assign turns the assignment that comes on in
// into a duty, before the scheduler runs. Child returns the exit status, unless the end of in ends the process
// first. A child whose coroutines have all ended still takes orders: it ends with them, and not before.
func Child[Assignment, Order any](in io.Reader, assign func(*coro.Scheduler, Assignment) (Duty[Order], error)) int {
	signal.Ignore(syscall.SIGINT) // ^C reaches everybody; the parent decides, and we end with our orders
	lines := json.NewDecoder(bufio.NewReader(in))
	var a Assignment
	if err := lines.Decode(&a); err != nil {
		fmt.Fprintln(os.Stderr, "swarm: a client process is started by swarm, with an assignment on its standard input: run swarm -url instead")
		return 2
	}
	if err := serve(a, lines, assign); err != nil {
		fmt.Fprintln(os.Stderr, "swarm: a client process:", err)
		return 1
	}
	return 0
}

func serve[Assignment, Order any](a Assignment, lines *json.Decoder, assign func(*coro.Scheduler, Assignment) (Duty[Order], error)) error {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		return err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return err
	}
	defer kernel.End()
	s := coro.New(kernel, coro.Options{})
	duty, err := assign(s, a)
	if err != nil {
		return err
	}
	s.Hold() // for ever: the orders' end is the end of the process
	go listen(s, lines, duty.Obey)
	return s.Run(func() {
		duty.Main()
		s.NewWaiter().Wait(time.Time{}) // for ever: a scheduler without coroutines would end, and take no order
	})
}

// listen takes orders. Everything they change belongs to the scheduler, so it is changed there.
func listen[Order any](s *coro.Scheduler, lines *json.Decoder, obey func(Order)) {
	for {
		var o Order
		if lines.Decode(&o) != nil {
			os.Exit(0) // the parent is gone, or wants nothing more: the kernel closes our connections
		}
		s.Post(func() { obey(o) })
	}
}

// Clock reads the monotonic clock, in nanoseconds. All processes of one machine read the same one
// (clock_gettime(2)), so a moment in a child can be compared with a moment in the parent.
func Clock() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return time.Now().UnixNano() // no system that this builds for lacks it
	}
	return now.Nano()
}
