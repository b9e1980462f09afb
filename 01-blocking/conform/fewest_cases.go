package conform

import (
	"fmt"
	"maps"
	"slices"
)

// Chapter 4 asks for a master that gives a connection to the worker that has the fewest. It is graded from
// outside: with -app pid an answer says who serves the connection, and connections that stay open and end do the
// rest. What a client has closed its server learns a little later, so a step that does not show what it should is
// taken again, until the patience is over.

const (
	fewestOpen    = 24 // connections that are there first: 2, 3, 4, 6 or 8 workers have as many each
	fewestWorkers = 8  // at most
)

var fewestCases = []Case{{
	Name: "fewest-connections", Group: "exercise", App: "pid", Connections: fewestOpen + fewestWorkers,
	Why:  "the exercise of chapter 4: a connection goes to the worker that has the fewest",
	Hint: "who tells the master that a connection is over, and how often?",
	Run: func(t *T) {
		first := connected(t, fewestOpen,
			fmt.Sprintf("the first %d connections are spread evenly, over 2, 3, 4, 6 or %d processes", fewestOpen, fewestWorkers),
			func(got served) bool {
				return len(got) >= 2 && len(got) <= fewestWorkers && got.most() == got.least()
			})
		emptied := slices.Max(slices.Collect(maps.Keys(first)))
		had := len(first[emptied])
		for _, c := range first[emptied] {
			c.Close()
		}
		connected(t, had,
			fmt.Sprintf("the next %d connections go to process %d, which had %d and has none now", had, emptied, had),
			func(got served) bool { return len(got[emptied]) == had })
		connected(t, len(first),
			fmt.Sprintf("then all have as many as before, and the next %d go to one each", len(first)),
			func(got served) bool { return len(got) == len(first) })
	},
}}

// served are connections by the number of the process that answers.
type served map[int][]*Client

func (s served) counts() (counts []int) {
	for _, clients := range s {
		counts = append(counts, len(clients))
	}
	return counts
}

func (s served) most() int  { return slices.Max(s.counts()) }
func (s served) least() int { return slices.Min(s.counts()) }

func (s served) String() string {
	text := ""
	for _, process := range slices.Sorted(maps.Keys(s)) {
		text += fmt.Sprintf(", process %d has %d", process, len(s[process]))
	}
	return text[2:]
}

// connected opens n connections, one after the other, and asks on each, again and again until those who answer are
// the right ones. The connections of an attempt that failed are closed.
func connected(t *T, n int, expected string, right func(served) bool) served {
	until := t.Deadline()
	for attempt := 1; ; attempt++ {
		got := served{}
		var last *Client
		for range n {
			last = t.Dial()
			process := decimal(t, last.Get("/"))
			got[process] = append(got[process], last)
		}
		if right(got) {
			return got
		}
		if !t.patience.Now().Before(until) {
			t.Fail(expected, "of %d, %s; and so again and again for %v", n, got, t.patience.Wait)
		}
		for range attempt {
			last.Silent() // a pause, longer each time: the port of a client that has left is not free for a minute
		}
		for _, clients := range got {
			for _, c := range clients {
				c.Close()
			}
		}
	}
}
