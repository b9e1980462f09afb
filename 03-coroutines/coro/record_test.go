package coro_test

import (
	"io"
	"slices"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// The life of a connection whose handler waits for its client, and then for somebody else.
func TestTheLifeOfAConnectionIsRecorded(t *testing.T) {
	poller, _ := poll.New(poll.Names()[0])
	recorder := trace.New(time.Now, 0)
	s := scheduler(t, poller, coro.Options{Trace: recorder})
	news := strand.NewChan[string](s, 0)
	connected(t, s, func(c *coro.Conn) {
		c.Handle()
		c.Recv(time.Time{})
		s.Go("notifier", func() { news.Send("news") })
		v, _ := news.Recv()
		c.Send([]byte(v), time.Time{})
		if _, err := c.Recv(time.Time{}); err != io.EOF {
			t.Errorf("the client's end was read as %v", err)
		}
		c.Close()
		c.Close()
	}, func(c *coro.Conn) {
		c.Send([]byte("hello"), time.Time{})
		c.Recv(time.Time{})
	})
	var got []trace.Event
	for _, e := range recorder.Recording("").Events {
		if e.Connection != 1 {
			t.Errorf("of a connection that nobody accepted: %v", e)
		}
		got = append(got, trace.Event{Kind: e.Kind, Bytes: e.Bytes, For: e.For})
	}
	want := []trace.Event{{Kind: trace.Accept},
		{Kind: trace.Park, For: trace.ForRead}, {Kind: trace.Resume}, {Kind: trace.Read, Bytes: 5},
		{Kind: trace.Park, For: trace.ForWake}, {Kind: trace.Resume}, {Kind: trace.Write, Bytes: 4},
		{Kind: trace.Park, For: trace.ForRead}, {Kind: trace.Resume}, {Kind: trace.Close}}
	if !slices.Equal(got, want) {
		t.Errorf("recorded:\n%v, want\n%v", got, want)
	}
}
