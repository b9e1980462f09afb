package conform

import (
	"fmt"
	"slices"
	"strings"
)

// A Stage is one kind of server and what it promises.
type Stage struct {
	Name   string   // as -stage and TestCommand take it
	Server string   // what it is
	Apps   []string // the applications that it serves
	Groups []string // what it is held to

	// Mux is what -app calls the one application that has all of Apps, each at paths of its own. Empty: each
	// of Apps is one.
	Mux string

	// Connections is how many clients it can serve at once; 0 is many.
	Connections int

	// Lacks tells of each other group why the server does not have it.
	Lacks map[string]string
}

// Stages is the one table of who promises what. Every group that a server lacks has its sentence.
var Stages = []Stage{
	{
		Name: "01-sequential", Server: "blocking -model sequential",
		Apps:        []string{"hello", "echo"},
		Groups:      []string{"http", "half-close", "chunked", "strict", "limits", "echo", "timeouts"},
		Connections: 1,
		Lacks: map[string]string{
			"budget":    "One client at a time is served, and one body is always within the budget.",
			"comet":     "One client at a time is served: who waits keeps the one who would notify from being accepted.",
			"paths":     "One client at a time is served, so the comet application has nobody to count.",
			"departure": "One client at a time is served, so nobody can see whether a client that left is counted.",
		},
	},
	{
		Name: "01", Server: "blocking -model threads",
		Apps:   []string{"hello", "echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "budget", "echo", "comet", "paths", "timeouts"},
		Lacks: map[string]string{
			"departure": "A thread that waits in a channel does not read its socket, so it cannot notice that its client left.",
		},
	},
	{
		Name: "02", Server: "selectors, with any poller",
		Apps:   []string{"hello", "echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "budget", "echo", "comet", "paths", "departure", "timeouts"},
	},
	{
		Name: "03", Server: "coroutines, with any poller",
		Apps:   []string{"hello", "echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "budget", "echo", "comet", "paths", "departure", "timeouts"},
	},
	{
		Name: "03-nethttp", Server: "coroutines -app nethttp: handlers of net/http on the scheduler",
		Mux:    "nethttp",
		Apps:   []string{"echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "budget", "comet", "departure", "timeouts"},
		Lacks: map[string]string{
			"echo":  "It is one mux of several applications: echo has every path but those of the others, and / is comet's.",
			"paths": "It is one mux of several applications: at the other paths is the echo application.",
		},
	},
	{
		Name: "04-one-worker", Server: "prefork -workers 1",
		Apps:   []string{"hello", "echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "budget", "echo", "comet", "paths", "departure", "timeouts"},
	},
	{
		Name: "04", Server: "prefork -workers 2",
		Apps:   []string{"hello", "echo"},
		Groups: []string{"http", "half-close", "chunked", "strict", "limits", "echo", "timeouts"},
		Lacks: map[string]string{
			"budget":    "Each process has a budget of its own, and the kernel decides which of them fills.",
			"comet":     "Each process has a list of waiters of its own: a notify reaches one worker's waiters and misses the others'.",
			"paths":     "Each process counts its own waiters only, so the count depends on who answers.",
			"departure": "Each process counts its own waiters only, so the count depends on who answers.",
		},
	},
	{
		Name: "05", Server: "comet",
		Apps:   []string{"comet"},
		Groups: []string{"http", "strict", "limits", "comet", "departure", "timeouts"},
		Lacks: map[string]string{
			"half-close": "Its / asks every worker and waits for them, and a half-close while an answer is awaited counts as leaving.",
			"budget":     "Each worker has a budget of its own, and the kernel decides which of them fills.",
			"chunked":    "Nothing here tells what it received, so a body of chunks cannot be seen to have arrived whole.",
			"echo":       "It is the comet server and serves nothing else.",
			"paths":      "It has pages and topics of its own at the other paths, and 404 for the rest.",
		},
	},
	{
		Name: "net/http", Server: "Go's own server, as the control: what it fails might be the suite's fault",
		Apps:   []string{"hello", "echo", "comet"},
		Groups: []string{"http", "half-close", "chunked", "echo", "comet", "paths"},
		Lacks: map[string]string{
			"strict":    "It is lenient by intent: it takes bare LF and folded lines, and answers HTTP/1.2 with 200.",
			"limits":    "Its limits are its own: a head of 1 MiB, any number of fields and any body.",
			"budget":    "It hands a body to its handler while it arrives, and holds none.",
			"departure": "It notices that a client left by a read of one byte in the background: a pipelined byte hides the departure.",
			"timeouts":  "It answers half a head with 400 where RFC 9110 has 408.",
		},
	},
}

// StageNamed finds a line of the table.
func StageNamed(name string) (Stage, error) {
	names := make([]string, len(Stages))
	for i, s := range Stages {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	return Stage{}, fmt.Errorf("there is no stage %q: choose from %s", name, strings.Join(names, ", "))
}

// A Round is one start of a stage's command: with which application, and what is asked of it then.
type Round struct {
	App      string
	Timeouts bool // the command is started with short time-outs
	Groups   []string
	OnlyApp  bool // what needs no application was asked in an earlier round
}

// Rounds divides a stage's groups into starts of its command: one for each application, and one with short
// time-outs, which would disturb the others.
func (s Stage) Rounds() []Round {
	var rounds []Round
	ordinary := slices.DeleteFunc(slices.Clone(s.Groups), func(g string) bool { return g == "timeouts" })
	for i, app := range s.Apps {
		if len(ordinary) == 0 {
			break
		}
		rounds = append(rounds, Round{App: app, Groups: ordinary, OnlyApp: i > 0})
	}
	if len(ordinary) < len(s.Groups) {
		last := s.Apps[len(s.Apps)-1] // comet, where it is served: it has a time-out case of its own
		rounds = append(rounds, Round{App: last, Timeouts: true, Groups: []string{"timeouts"}})
	}
	return rounds
}

// ShortTimeouts are the flags of the command contract for a round of time-outs. Half a second is long
// enough for a busy machine to send its first request, and short enough to wait for.
var ShortTimeouts = []string{"-header-timeout", "500ms", "-request-timeout", "800ms", "-idle-timeout", "500ms"}
