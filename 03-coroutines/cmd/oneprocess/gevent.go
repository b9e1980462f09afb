package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"time"
)

// What Python needs for the same today: gevent, coroutines of Python on a loop that is written in C. It is
// measured in the same rounds, because what a machine does in a second is not the same from day to day.

// It is not called gevent.py: Python would take it for the module, in this directory.
//
//go:embed crowd.py
var geventProgram string

// pythons are tried in this order: the one on the PATH may be another than the system's, for which packages are.
var pythons = []string{"python3", "/usr/bin/python3"}

var errNoGevent = errors.New("gevent is not installed, and what it takes is not shown: install the package python3-gevent")

// findGevent returns a Python that has gevent.
func findGevent() (python string, err error) {
	for _, python := range pythons {
		if exec.Command(python, "-c", "import gevent").Run() == nil {
			return python, nil
		}
	}
	return "", errNoGevent
}

// onGevent is a round of gevent, with so many clients. What it takes to start Python is not counted.
func onGevent(python string, clients int) (r round, err error) {
	var said, complained bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), geventPatience)
	defer cancel()
	command := exec.CommandContext(ctx, python, "-c", geventProgram, fmt.Sprint(clients))
	command.Stdout, command.Stderr = &said, &complained
	if err := command.Run(); ctx.Err() != nil {
		return r, fmt.Errorf("gevent did not end within %v: a client was not told", geventPatience)
	} else if err != nil {
		return r, fmt.Errorf("gevent: %w: it said:\n%s", err, lastLines(complained.Bytes()))
	}
	return parseGevent(said.String(), clients)
}

// parseGevent reads its line: how many were told rightly, seconds of user, system and wall, and the peak as
// getrusage(2) has it.
func parseGevent(line string, clients int) (r round, err error) {
	var right int
	var user, system, wall float64
	var resident int64
	if _, err := fmt.Sscan(line, &right, &user, &system, &wall, &resident); err != nil {
		return r, fmt.Errorf("gevent: its report %q is not understood: %w", line, err)
	}
	if right != clients {
		return r, fmt.Errorf("gevent: %d of %d clients were told rightly", right, clients)
	}
	if runtime.GOOS != "darwin" {
		resident <<= 10
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return round{clients: clients, peak: resident,
		used: used{wall: seconds(wall), user: seconds(user), system: seconds(system)}}, nil
}

// geventPatience is many times what 10,000 clients take there; who waits longer waits for ever.
const geventPatience = 2 * time.Minute

// complaint is how much of what Python says is shown: its error is at the end.
const complaint = 600

func lastLines(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[max(0, len(text)-complaint):]
}

// What this shape must reach: Python was three quarters of it in 2009.
const (
	geventMost = 1.0 / 3 // of gevent's processor time in the same round
	userMost   = 35.0    // percent of the processor time that may be the program's own
)

// goals says which of the two were reached. A goal is decided if all rounds agree.
func goals(out io.Writer, ours, theirs []round) {
	fmt.Fprintln(out)
	count := func(what string, reached func(i int) bool) {
		met := 0
		for i := range ours {
			if reached(i) {
				met++
			}
		}
		verdict := "undecided"
		switch met {
		case len(ours):
			verdict = "met"
		case 0:
			verdict = "missed"
		}
		fmt.Fprintf(out, "%s: %s, in %d of %d rounds\n", what, verdict, met, len(ours))
	}
	count(fmt.Sprintf("user, of both: at most %.0f %%", userMost), func(i int) bool { return ours[i].used.share() <= userMost })
	if len(theirs) == len(ours) {
		count("processor time: at most a third of gevent's", func(i int) bool {
			return float64(ours[i].used.total()) <= geventMost*float64(theirs[i].used.total())
		})
	}
}
