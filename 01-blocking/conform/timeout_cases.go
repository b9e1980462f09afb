package conform

// These cases need a server whose header, request and idle time-outs are well below the patience. They
// wait for what the server does when its time is over, so they measure nothing and cannot be too fast.
var timeoutCases = []Case{
	{
		Name: "silent", Group: "timeouts", Connections: 1,
		Why:  "a client that connects and says nothing is closed in silence when the header time-out is over",
		Hint: "the time runs from accept; nothing was asked, so nothing is answered",
		Run:  func(t *T) { t.Dial().End() },
	},
	{
		Name: "half-a-head", Group: "timeouts", Connections: 1,
		Why:  "RFC 9110 section 15.5.9: who began a request and did not end it is told 408, and closed",
		Hint: "the header time-out ends the connection with an answer if a byte of the request has come",
		Run: func(t *T) {
			c := t.Dial()
			c.Send("GET / HTTP/1.1\r\nHost: ")
			refused(t, c, 408)
		},
	},
	{
		Name: "head-byte-by-byte", Group: "timeouts", Connections: 1,
		Why:  "the header time-out is for the whole head: a byte now and then must not begin it anew",
		Hint: "SO_RCVTIMEO and a deadline set before each read are per read: compute the time that remains",
		Run: func(t *T) {
			trickle(t, "GET / HTTP/1.1\r\nHost: h\r\nX: ")
		},
	},
	{
		Name: "body-missing", Group: "timeouts", Connections: 1,
		Why:  "RFC 9110 section 15.5.9: the request time-out runs to the end of the body",
		Hint: "a head that is complete does not end the request",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/", "Content-Length: 10") + "123")
			refused(t, c, 408)
		},
	},
	{
		Name: "body-byte-by-byte", Group: "timeouts", Connections: 1,
		Why:  "the request time-out is for the whole body: a byte now and then must not begin it anew",
		Hint: "SO_RCVTIMEO and a deadline set before each read are per read: compute the time that remains",
		Run: func(t *T) {
			trickle(t, t.Request("POST", "/", "Content-Length: 1000000"))
		},
	},
	{
		Name: "idle", Group: "timeouts", Connections: 1,
		Why:  "a connection on which nothing more is asked is closed in silence when the idle time-out is over",
		Hint: "the time runs from the answer; nothing was asked, so nothing is answered",
		Run: func(t *T) {
			c := t.Dial()
			t.Status(c.Get("/"), 200)
			c.End()
		},
	},
	{
		Name: "half-a-head-later", Group: "timeouts", Connections: 1,
		Why:  "the header time-out is there for every request of a connection, not only for the first",
		Hint: "the next request's first byte ends the idle time and begins the header time",
		Run: func(t *T) {
			c := t.Dial()
			t.Status(c.Get("/"), 200)
			c.Send("GET /")
			refused(t, c, 408)
		},
	},
	{
		Name: "waiting-is-not-idle", Group: "timeouts", App: "comet", Connections: 3,
		Why:  "a client that waits for its answer is neither silent nor slow: no time-out of reading is for it",
		Hint: "stop the header and idle times when a request is complete",
		Run: func(t *T) {
			control, waiter := cleared(t), t.Dial()
			park(t, control, waiter)
			control.Close()
			silent := t.Dial()
			t.Status(silent.Get("/"), 200)
			silent.End() // the server's own idle time-out has passed: its clock, not ours
			silent.Close()
			control = t.Dial()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
}

// trickle sends a beginning and then a byte in every pause, until the server answers 408.
func trickle(t *T, beginning string) {
	c := t.Dial()
	c.Send(beginning)
	for range t.patience.Wait / t.patience.Pause {
		if c.Spoke() {
			refused(t, c, 408)
			return
		}
		c.Send("x")
	}
	t.Fail("408 before the client had sent a byte in every pause", "no answer in %v", t.patience.Wait)
}
