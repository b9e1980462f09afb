package coro_test

import (
	"testing"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/strand/modeltest"
	"example.com/c10k/02-selectors/poll"
)

func TestModel(t *testing.T) {
	modeltest.Test(t, func(t *testing.T, main func(strand.Model)) {
		s := newScheduler(t, poll.Names()[0])
		run(t, s, func() { main(s) })
	})
}
