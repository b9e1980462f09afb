package coro_test

import (
	"errors"
	"fmt"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// Each of two waits for what only the other could send. Nothing can wake them, and the scheduler knows it:
// it says who waits, cancels them, so that deferred calls run, and Run returns.
func Example_deadlock() {
	poller, _ := poll.New(poll.Names()[0])
	kernel, err := system.New(poller)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kernel.End()
	s := coro.New(kernel, coro.Options{})
	questions, answers := strand.NewChan[string](s, 0), strand.NewChan[string](s, 0)

	err = s.Run(func() {
		s.Go("asks", func() {
			defer fmt.Println("asks: its deferred call runs")
			answers.Recv() // should have sent its question first
		})
		s.Go("answers", func() {
			_, err := questions.Recv()
			fmt.Println("answers: its wait ended with:", err)
		})
	})
	var deadlock *coro.Deadlock
	if errors.As(err, &deadlock) {
		for _, task := range deadlock.Tasks {
			fmt.Printf("Run returned: %s waits for %s\n", task.Name, task.Why)
		}
	}
	// Output:
	// answers: its wait ended with: strand: the wait was canceled
	// asks: its deferred call runs
	// Run returned: asks waits for receive
	// Run returned: answers waits for receive
}
