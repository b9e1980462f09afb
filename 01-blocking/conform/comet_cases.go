package conform

import "strings"

// In these cases one client, the control, looks at "/" and notifies; others wait. Nobody sleeps: that a
// client waits is seen in the count, and that it was forgotten too.

var cometCases = []Case{
	{
		Name: "nobody", Group: "comet", App: "comet", Connections: 1,
		Why:  "the comet application: / tells how many wait, /notify how many it woke: with nobody there, 0",
		Hint: "a decimal number as the whole body, without a line end",
		Run: func(t *T) {
			control := cleared(t)
			number(t, control.Get("/notify"), 0)
			number(t, control.Get("/"), 0)
		},
	},
	{
		Name: "wait", Group: "comet", App: "comet", Connections: 2,
		Why:  "the comet application: /wait is answered when somebody notifies, and not before, with the number woken",
		Hint: "register the waiter before it waits; take it off the list when it is woken",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			park(t, control, waiter)
			waiter.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
			number(t, control.Get("/"), 0)
		},
	},
	{
		Name: "all", Group: "comet", App: "comet", Connections: 21,
		Why:  "the comet application: one notify wakes everybody who waits, and all are told the same number",
		Hint: "take the whole list at once, then wake; who parks meanwhile is on the new list",
		Run: func(t *T) {
			control := cleared(t)
			waiters := dialAll(t, 20)
			park(t, control, waiters...)
			number(t, control.Get("/notify"), 20)
			for _, w := range waiters {
				number(t, w.Answer("GET"), 20)
			}
			number(t, control.Get("/"), 0)
		},
	},
	{
		Name: "again", Group: "comet", App: "comet", Connections: 2,
		Why:  "several waits in a row on one keep-alive connection: no wake-up may be lost, none be used twice",
		Hint: "each wait is a new entry on the list; look for what is left over from the one before",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			for range 20 {
				park(t, control, waiter)
				number(t, control.Get("/notify"), 1)
				number(t, waiter.Answer("GET"), 1)
			}
			waiter.Silent()
		},
	},
	{
		Name: "next-round", Group: "comet", App: "comet", Connections: 3,
		Why:  "a client that was woken and waits again belongs to the next notify, not to the one that woke it",
		Hint: "a notify wakes those who were on the list when it came; it is not remembered for those who come",
		Run: func(t *T) {
			control := cleared(t)
			quick, slow := t.Dial(), t.Dial()
			park(t, control, quick, slow)
			number(t, control.Get("/notify"), 2)
			number(t, quick.Answer("GET"), 2)
			park(t, control, quick)
			quick.Silent()
			number(t, slow.Answer("GET"), 2)
			number(t, control.Get("/notify"), 1)
			number(t, quick.Answer("GET"), 1)
			slow.Silent()
		},
	},
	{
		Name: "notify-is-not-kept", Group: "comet", App: "comet", Connections: 2,
		Why:  "the comet application of 2009: a notify that finds nobody is gone; who waits later waits for the next",
		Hint: "a wake-up that nobody waited for must not stay in a channel or a semaphore",
		Run: func(t *T) {
			control := cleared(t)
			number(t, control.Get("/notify"), 0)
			waiter := t.Dial()
			park(t, control, waiter)
			waiter.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "post", Group: "comet", App: "comet", Connections: 2,
		Why:  "the comet application: POST notifies too, with or without a body",
		Hint: "what changes something is a POST by rights (RFC 9110 section 9.2.1); GET is there for 2009's sake",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			for _, body := range []string{"", "a body that nobody reads"} {
				park(t, control, waiter)
				control.Send(t.RequestWithBody("POST", "/notify", body))
				number(t, control.Answer("POST"), 1)
				number(t, waiter.Answer("GET"), 1)
			}
		},
	},
	{
		Name: "query", Group: "comet", App: "comet", Connections: 2,
		Why:  "the comet application: the query is no part of the path",
		Hint: "cut at the question mark before comparing",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			waiter.Send(t.Request("GET", "/wait?client=1"))
			counts(t, control, "/?x=/wait", 1)
			number(t, control.Get("/notify?"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "absolute", Group: "comet", App: "comet", Connections: 2,
		Why:  "RFC 9112 section 3.2.2: GET http://host/wait is GET /wait",
		Hint: "cut scheme and authority off before looking for the path",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			waiter.Send(t.Request("GET", "http://"+t.Host+"/wait"))
			counts(t, control, "http://"+t.Host+"/", 1)
			number(t, control.Get("http://"+t.Host+"/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "methods", Group: "comet", App: "comet", Connections: 2,
		Why:  "RFC 9110 section 15.5.6: 405 with Allow; HEAD must change nothing, so /wait and /notify have none",
		Hint: "look at the method before doing anything: a refused request parks nobody and wakes nobody",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			park(t, control, waiter)
			for _, r := range []struct{ method, path, allow string }{
				{"POST", "/wait", "GET"}, {"HEAD", "/wait", "GET"}, {"PUT", "/wait", "GET"},
				{"HEAD", "/notify", "GET POST"}, {"DELETE", "/notify", "GET POST"},
				{"POST", "/", "GET HEAD"}, {"DELETE", "/", "GET HEAD"},
			} {
				control.Send(t.Request(r.method, r.path))
				notAllowed(t, control.Answer(r.method), strings.Fields(r.allow), r.method)
			}
			control.Send(t.Request("HEAD", "/"))
			t.Status(control.Answer("HEAD"), 200)
			number(t, control.Get("/"), 1)
			waiter.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "pipelined-notifier", Group: "comet", App: "comet", Connections: 2,
		Why:  "RFC 9112 section 9.3.2: requests in one write are answered one after the other, each seeing what the one before did",
		Hint: "a notify is over when its answer is written: the count behind it must not see those it woke",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			park(t, control, waiter)
			control.Send(t.Request("GET", "/notify") + t.Request("GET", "/notify") + t.Request("GET", "/"))
			number(t, control.Answer("GET"), 1)
			number(t, control.Answer("GET"), 0)
			number(t, control.Answer("GET"), 0)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "pipelined-waiter", Group: "comet", App: "comet", Connections: 2,
		Why:  "RFC 9112 section 9.3.2: what was sent behind a /wait is answered after it",
		Hint: "keep the bytes that arrive while a handler waits, and look at them when it is done",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			waiter.Send(t.Request("GET", "/wait") + t.Request("GET", "/"))
			counts(t, control, "/", 1)
			waiter.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
			number(t, waiter.Answer("GET"), 0)
		},
	},
	{
		Name: "wait-and-close", Group: "comet", App: "comet", Connections: 3,
		Why:  "RFC 9112 section 9.6: a waiter that said close, or speaks HTTP/1.0, is answered and then closed",
		Hint: "what an answer must know of its request has to be kept while the handler waits",
		Run: func(t *T) {
			control := cleared(t)
			closing, old := t.Dial(), t.Dial()
			closing.Send(t.Request("GET", "/wait", "Connection: close"))
			old.Send("GET /wait HTTP/1.0\r\n\r\n")
			counts(t, control, "/", 2)
			number(t, control.Get("/notify"), 2)
			for _, waiter := range []*Client{closing, old} {
				number(t, waiter.Answer("GET"), 2)
				waiter.End()
			}
		},
	},
	{
		Name: "waiter-in-pieces", Group: "comet", App: "comet", Connections: 2,
		Why:  "a client waits when its request is complete, not before",
		Hint: "only a whole request reaches the handler",
		Run: func(t *T) {
			control := cleared(t)
			waiter := t.Dial()
			request := t.Request("GET", "/wait")
			for missing := 1; missing < len(request); missing += 4 {
				waiter.Send(request[:len(request)-missing])
				waiter.Silent()
				number(t, control.Get("/notify"), 0)
				waiter.Send(request[len(request)-missing:])
				counts(t, control, "/", 1)
				number(t, control.Get("/notify"), 1)
				number(t, waiter.Answer("GET"), 1)
			}
		},
	},
}

var pathCases = []Case{{
	Name: "every-other-path-counts", Group: "paths", App: "comet", Connections: 2,
	Why:  "the comet application of 2009 has three paths: /wait, /notify and all the rest, which counts",
	Hint: "compare the whole path: /waiting and /wait/ are not /wait",
	Run: func(t *T) {
		control := cleared(t)
		waiter := t.Dial()
		park(t, control, waiter)
		for _, target := range []string{"/count", "/waiting", "/wait/", "/notify/now", "/Wait", "/favicon.ico"} {
			number(t, control.Get(target), 1)
		}
		number(t, control.Get("/notify"), 1)
		number(t, waiter.Answer("GET"), 1)
	},
}}
