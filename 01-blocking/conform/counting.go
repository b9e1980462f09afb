package conform

import (
	"fmt"
	"strconv"
	"time"
)

// The steps that the stories about waiting have in common.

// cleared wakes whoever still waits from before, and returns the client that did it.
func cleared(t *T) *Client {
	control := t.Dial()
	t.Status(control.Get("/notify"), 200)
	counts(t, control, "/", 0)
	return control
}

// park makes every client wait, and returns when the server counts them all.
func park(t *T, control *Client, waiters ...*Client) {
	for _, w := range waiters {
		w.Send(t.Request("GET", "/wait"))
	}
	counts(t, control, "/", len(waiters))
}

// counts asks until the server counts n, with a pause between two askings, and fails when the patience is
// over: the deadline stands on the connection, so a server that answers wrongly for ever ends it too.
func counts(t *T, control *Client, target string, n int) {
	control.until = t.Deadline()
	defer func() { control.until = time.Time{} }()
	for last := -1; last != n; {
		answer, err := control.tryGet(target)
		if err != nil {
			t.Fail(fmt.Sprintf("%s to count %d within %v", target, n, t.patience.Wait), "the last answer was %d; then %s", last, explain(err, t.patience))
		}
		if last = decimal(t, answer); last != n {
			control.Silent()
		}
	}
}

// number expects a count as the whole body.
func number(t *T, answer *Answer, n int) {
	if got := decimal(t, answer); got != n {
		t.Fail(fmt.Sprintf("the number %d", n), "%s", answer)
	}
}

func decimal(t *T, answer *Answer) int {
	n, err := strconv.Atoi(answer.Body)
	if answer.Status != 200 || err != nil || strconv.Itoa(n) != answer.Body {
		t.Fail("status 200 and a decimal number as the whole body", "%s", answer)
	}
	return n
}

func dialAll(t *T, n int) []*Client {
	clients := make([]*Client, n)
	for i := range clients {
		clients[i] = t.Dial()
	}
	return clients
}
