package conform

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// bodyBudget is how many bytes of bodies a server holds for all its connections together.
const bodyBudget = 64 << 20

const (
	// bodyHolders is how many clients begin by holding nearly a whole body. Some more than fit, because
	// what a server reads together with a head it may not have counted.
	bodyHolders = bodyBudget/bodyLimit + 8

	// moreHolders may follow: when many bodies pass the limit in one moment, all of these are refused and
	// what they held is free again.
	moreHolders = 32
)

var budgetCases = []Case{{
	Name: "many-large-bodies", Group: "budget", Connections: bodyHolders + moreHolders + 1,
	Why:  "a limit on each body is no limit on all of them: beyond 64 MiB a body is refused with 503 (RFC 9110 section 15.6.4)",
	Hint: "count what is held when it is taken, and give it back when the request is over or its client is gone",
	Run: func(t *T) {
		whole := t.RequestWithBody("POST", "/", strings.Repeat("b", bodyLimit))
		var holders []*Client
		hold := func() {
			if len(holders) < bodyHolders+moreHolders {
				holders = append(holders, t.Dial())
				holders[len(holders)-1].TrySend(whole[:len(whole)-1]) // refused perhaps, while it still sends
			}
		}
		for range bodyHolders {
			hold()
		}
		postUntil(t, whole, "503 while 64 MiB are held", func(status int) bool { return status == 503 }, hold)
		for _, holder := range holders {
			holder.Close()
		}
		postUntil(t, whole, "another status than 503 when nothing is held any more", func(status int) bool { return status != 503 }, func() {})
	},
}}

// postUntil sends a request again and again, each time on a connection of its own, until the status is the
// awaited one or the patience is over; after each other status it does something about it. A connection
// that is reset counts as no answer: the server closed while the body was still coming, and what it said
// may be lost.
func postUntil(t *T, request, expected string, good func(status int) bool, otherwise func()) {
	deadline := t.Deadline()
	got := "no answer"
	for {
		c := t.Dial()
		c.until = deadline
		c.TrySend(request)
		c.setDeadline()
		answer, err := readAnswer(c.reader, "POST")
		c.Close()
		switch {
		case err == nil && good(answer.Status):
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			t.Fail(expected, "%s, in %v", got, t.patience.Wait)
		case err == nil:
			got = fmt.Sprint("again and again status ", answer.Status)
			otherwise()
		}
	}
}
