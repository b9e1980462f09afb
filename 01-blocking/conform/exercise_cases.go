package conform

import (
	"fmt"
	"slices"
	"time"
)

// Exercise is the group of what a chapter asks its readers to add. No stage promises it, and it is asked only
// by its name.
var Exercise = Group{"exercise", "what chapters ask their readers to add: waits with an end (comet), fewest connections (pid)"}

// The ends of waits in these cases. A wait with the longer one begins after one with the shorter, so when the
// longer is over, whatever the shorter one has left behind has had its time.
const (
	shorterWait = 200 * time.Millisecond
	longerWait  = 2 * shorterWait
)

var exerciseCases = slices.Concat(endingCases, fewestCases)

// Chapter 2, exercise 4: /wait?ms=500 is answered 0 when nobody has notified by then.
var endingCases = []Case{
	{
		Name: "wait-ends", Group: "exercise", App: "comet", Connections: 1,
		Why:  "the exercise: /wait?ms=200 is answered 0 after 200 ms, not before, and is not counted any more",
		Hint: "who looks at the clock, and who takes the waiter out of the list?",
		Run: func(t *T) {
			control := cleared(t)
			for range 2 { // on the same connection
				endsAlone(t, control, shorterWait)
				number(t, control.Get("/"), 0)
				number(t, control.Get("/notify"), 0)
			}
		},
	},
	{
		Name: "wait-ends-alone", Group: "exercise", App: "comet", Connections: 3,
		Why:  "the exercise: a wait whose time is over ends, and the others go on",
		Hint: "nobody stands still meanwhile; what is taken out of the list is this one waiter",
		Run: func(t *T) {
			control := cleared(t)
			patient, hasty := t.Dial(), t.Dial()
			park(t, control, patient)
			endsAlone(t, hasty, shorterWait)
			patient.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, patient.Answer("GET"), 1)
		},
	},
	{
		Name: "wait-notified-first", Group: "exercise", App: "comet", Connections: 3,
		Why:  "the exercise: a wait that was notified is over, and its time must not end the next one of its connection",
		Hint: "what becomes of the timer when the answer is there?",
		Run: func(t *T) {
			control := cleared(t)
			waiter, clock := t.Dial(), t.Dial()
			waiter.Send(t.Request("GET", waitFor(shorterWait)))
			counts(t, control, "/", 1)
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
			park(t, control, waiter)
			endsAlone(t, clock, longerWait)
			waiter.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, waiter.Answer("GET"), 1)
		},
	},
	{
		Name: "wait-left", Group: "exercise", App: "comet", Connections: 4,
		Why:  "the exercise: a client that leaves before its time is over takes its timer along",
		Hint: "the next client may have the same descriptor and the same place in the list: whom does the old timer find?",
		Run: func(t *T) {
			control := cleared(t)
			leaver := t.Dial()
			leaver.Send(t.Request("GET", waitFor(shorterWait)))
			counts(t, control, "/", 1)
			leaver.Close()
			counts(t, control, "/", 0)
			next, clock := t.Dial(), t.Dial()
			park(t, control, next)
			endsAlone(t, clock, longerWait)
			next.Silent()
			number(t, control.Get("/notify"), 1)
			number(t, next.Answer("GET"), 1)
		},
	},
}

func waitFor(d time.Duration) string { return fmt.Sprintf("/wait?ms=%d", d.Milliseconds()) }

// endsAlone waits with an end, is notified by nobody, and expects 0 when the time is over.
func endsAlone(t *T, c *Client, d time.Duration) {
	begun := t.patience.Now()
	c.Send(t.Request("GET", waitFor(d)))
	answer := c.Answer("GET")
	if after := t.patience.Now().Sub(begun); after < d {
		t.Fail(fmt.Sprintf("an answer to %s after %v", waitFor(d), d), "%s after %v", answer, after)
	}
	number(t, answer, 0)
}
