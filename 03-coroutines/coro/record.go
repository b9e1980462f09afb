package coro

import "example.com/c10k/01-blocking/trace"

// What happens to a connection, for a picture of a run: Options.Trace. Without it the price is a comparison,
// and where that is seldom paid, a call. The calls are not inlined, as their callers wait, or call those who
// wait, with their frames on the stack.

// begun records that the connection was accepted; the rest of its life is recorded where that leaves a place.
func (c *Conn) begun() {
	c.seldom().seen = c.scheduler.options.Trace.Accept()
}

// parked records that a coroutine that works for a client waits: for the client, or for somebody else.
func (c *coroutine) parked() {
	if c.handles == nil || c.handles.rare == nil {
		return
	}
	what := trace.ForWake
	switch c.why.what {
	case toRead:
		what = trace.ForRead
	case toWrite:
		what = trace.ForWrite
	}
	c.handles.rare.seen.Park(what)
}

// resumed records that it goes on. One that has not waited has its first turn, or only let others pass.
func (c *coroutine) resumed() {
	if c.handles != nil && c.handles.rare != nil && c.why.what != toHaveItsTurn {
		c.handles.rare.seen.Resume()
	}
}

//go:noinline
func (c *Conn) wasRead(n int) {
	if c.rare != nil && n > 0 {
		c.rare.seen.Read(n)
	}
}

//go:noinline
func (c *Conn) wasWritten(n int) {
	if c.rare != nil && n > 0 {
		c.rare.seen.Write(n)
	}
}

func (c *Conn) wasClosed() {
	if c.rare != nil && !c.closed {
		c.rare.seen.Close()
	}
}
