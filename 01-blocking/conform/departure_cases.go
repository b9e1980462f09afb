package conform

import "strings"

// A client that leaves while it waits is found out by reading: the end of the stream, or a reset, is
// readable. A server that does not read while a handler waits cannot notice (threads do not).
var departureCases = []Case{
	departure("close", "the end of the stream is readable while a handler waits: keep reading, or at least keep asking",
		"", (*Client).Close),
	departure("reset", "a reset is readable too: the read fails with ECONNRESET",
		"", (*Client).Reset),
	departure("half-close", "a half-close cannot be told from a close before something is written, and nobody half-closes a long poll: it counts as leaving",
		"", (*Client).CloseWrite),
	departure("close-behind-a-byte", "the end of the stream hides behind bytes that nobody reads: read them into a bounded buffer",
		"G", (*Client).Close),
	departure("reset-behind-a-byte", "look at errors even while bytes are pending",
		"G", (*Client).Reset),
	departure("close-behind-a-request", "a pipelined request waits for its turn, and behind it the end of the stream",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", (*Client).Close),
	{
		Name: "flood", Group: "departure", App: "comet", Connections: 2,
		Why:  "a client that waits and keeps sending must not fill the memory: at the bound its wait is ended, like that of one who left",
		Hint: "what arrives while a handler waits goes into a buffer with a bound; a full one ends the connection",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			park(t, control, waiter)
			waiter.TrySend(strings.Repeat(t.Request("GET", "/"), 1<<20/len(t.Request("GET", "/"))))
			counts(t, control, "/", 0)
			number(t, control.Get("/notify"), 0)
		},
	},
	{
		Name: "others-stay", Group: "departure", App: "comet", Connections: 11,
		Why:  "the comet application: /notify tells the number of those who were still there",
		Hint: "take one entry off the list, and the right one",
		Run: func(t *T) {
			control := cleared(t)
			waiters := dialAll(t, 10)
			park(t, control, waiters...)
			for i, w := range waiters {
				switch i % 3 {
				case 0:
					w.Close()
				case 1:
					w.Reset()
				}
			}
			counts(t, control, "/", 3)
			number(t, control.Get("/notify"), 3)
			for i, w := range waiters {
				if i%3 == 2 {
					number(t, w.Answer("GET"), 3)
				}
			}
		},
	},
	{
		Name: "one-after-the-other", Group: "departure", App: "comet", Connections: 2,
		Why:  "departures must cost nothing that stays: the fiftieth is noticed as the first was",
		Hint: "close the descriptor, drop the entry, forget the interest: look for what is not given back",
		Run: func(t *T) {
			control := cleared(t)
			for i := range 50 {
				waiter := t.Dial()
				park(t, control, waiter)
				if i%2 == 0 {
					waiter.Close()
				} else {
					waiter.Reset()
				}
				counts(t, control, "/", 0)
			}
			number(t, control.Get("/notify"), 0)
		},
	},
}

// departure is a case in which a client parks, sends something more, and leaves.
func departure(name, hint, more string, leave func(*Client)) Case {
	return Case{
		Name: name, Group: "departure", App: "comet", Connections: 2,
		Why:  "a client that left is not waiting: / must not count it, and /notify must not claim to have woken it",
		Hint: hint,
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			park(t, control, waiter)
			if more != "" {
				waiter.Send(more)
				waiter.Silent()
			}
			leave(waiter)
			counts(t, control, "/", 0)
			number(t, control.Get("/notify"), 0)
		},
	}
}
