// Package conform is the suite that every server of this workspace runs, and that anybody's may.
//
// A [Case] is a short story that a client plays with a server over real connections: it sends bytes,
// reads bytes, and fails with what it expected, what came and why that matters. Cases stand in groups,
// because not every correct server promises everything: "http" is for all of them, "strict" holds what
// our servers refuse, and so on. [Stages] is the one table of who promises what.
//
// The suite is a black box. It knows a server by its address only, and judges it with a small and strict
// reader of its own, never with the parser that it tests. A case is sequential code over a dial function,
// net.Conn and deadlines. It starts no goroutine and asks no clock but the one it is handed ([Patience]),
// so the same case runs on a simulated network and its virtual time.
//
// What this package does not do: it measures nothing, it puts no load on a server, and it does not prove
// the absence of a fault: a server that passes has passed these stories.
package conform

import (
	"slices"
	"time"
)

// A Case is one story, and what a reader needs to know when it ends badly.
type Case struct {
	Name        string     // unique in its group, in words joined by hyphens
	Group       string     // one of Groups
	App         string     // the application it needs: "hello", "echo", "comet", "pid"; "" if any will do
	Connections int        // how many connections it has open at once, at most; 1 or more
	Why         string     // where it is written that a server must do this
	Hint        string     // where to look first when it fails
	Run         func(t *T) // sequential, and over when it returns or t fails
}

// Title is the name with its group before it, as the tests and the command print it.
func (c *Case) Title() string { return c.Group + "/" + c.Name }

// A Patience says how long a case waits, and on which clock.
type Patience struct {
	Now   func() time.Time // the clock of the world that the connections belong to
	Wait  time.Duration    // for what must come: longer than a busy machine needs
	Pause time.Duration    // for what must not come yet, and between two pieces of one request
}

// DefaultPatience is for real servers on real machines: ten seconds are an age on a loopback, and two
// milliseconds are enough for a server to read a piece of a request by itself.
var DefaultPatience = Patience{Now: time.Now, Wait: 10 * time.Second, Pause: 2 * time.Millisecond}

// A Group is a promise that a server may make.
type Group struct{ Name, Promise string }

// Groups lists all of them in the order in which they are run.
var Groups = []Group{
	{"http", "what every HTTP/1.1 server must do, and what every HTTP/1.1 client relies on"},
	{"half-close", "a client that ends its half of the connection is still answered"},
	{"chunked", "bodies that arrive in chunks"},
	{"strict", "what cannot be framed without doubt is refused and the connection closed"},
	{"limits", "a head of 16 KiB, 100 fields and a body of 1 MiB are the most that is taken"},
	{"budget", "bodies that are still arriving hold 64 MiB together, at most; beyond it 503"},
	{"echo", "the echo application: what was asked for, in words"},
	{"comet", "the comet application: /wait parks, /notify wakes everybody, / counts"},
	{"paths", "the comet application of 2009: every other path counts too"},
	{"departure", "a client that leaves while it waits is no longer counted"},
	{"timeouts", "a client that is silent or slow loses its connection (needs a server started with short time-outs)"},
}

// Cases returns every case, in the order of Groups. Those of [Exercise] are not among them.
func Cases() []Case {
	cases := slices.Concat(
		basicCases, connectionCases, arrivalCases, bodyCases,
		chunkedCases, strictCases(), limitCases, budgetCases,
		echoCases, cometCases, pathCases, departureCases, timeoutCases,
	)
	slices.SortStableFunc(cases, func(a, b Case) int { return groupNumber(a.Group) - groupNumber(b.Group) })
	return cases
}

// Exercises returns the cases of [Exercise].
func Exercises() []Case { return slices.Clone(exerciseCases) }

func groupNumber(name string) int {
	return slices.IndexFunc(Groups, func(g Group) bool { return g.Name == name })
}
