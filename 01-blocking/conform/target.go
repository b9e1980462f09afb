package conform

import (
	"fmt"
	"iter"
	"net"
	"net/url"
	"slices"
	"strings"
)

// A Target is a running server and what is to be asked of it.
type Target struct {
	// URL is the server's root, "http://127.0.0.1:8080".
	URL string

	// App is the application that is served there: "hello", "echo" or "comet"; "" if none of them. The
	// cases that need another one are left out.
	App string

	// Groups are the promises to hold the server to; none at all means [DefaultGroups] of the App.
	Groups []string

	// Connections is how many a server can serve at once; 0 is "as many as a case wants". Cases that need
	// more are left out.
	Connections int

	// OnlyApp leaves out what does not need the App: for the second application of the same server.
	OnlyApp bool

	// Only names the cases to play, by their titles; none at all means every case that fits.
	Only []string

	// Dial replaces the connection to the URL's address, for networks that are not this machine's.
	Dial func() (net.Conn, error)

	// Patience is DefaultPatience if it is zero.
	Patience Patience
}

// DefaultGroups are the promises that a server of this application makes by being one.
func DefaultGroups(app string) []string {
	switch app {
	case "echo":
		return []string{"http", "half-close", "chunked", "echo"}
	case "comet":
		return []string{"http", "half-close", "comet", "paths"}
	}
	return []string{"http", "half-close"}
}

// A Result is how one case ended: Failure is nil if the server passed.
type Result struct {
	Case    Case
	Failure *Failure
}

// Grade plays the target's cases one after the other and yields each result when it is known. An error
// means that the target cannot be graded at all; then nothing is yielded.
func Grade(target Target) (iter.Seq[Result], error) {
	target, err := target.complete()
	if err != nil {
		return nil, err
	}
	cases := target.Cases()
	if len(cases) == 0 {
		return nil, fmt.Errorf("no case fits: groups %s, application %q", strings.Join(target.Groups, ", "), target.App)
	}
	return func(yield func(Result) bool) {
		for _, c := range cases {
			if !yield(Result{c, target.play(c)}) {
				return
			}
		}
	}, nil
}

// Cases returns what will be asked of the target.
func (target Target) Cases() []Case {
	groups := target.Groups
	if len(groups) == 0 {
		groups = DefaultGroups(target.App)
	}
	return slices.DeleteFunc(append(Cases(), exerciseCases...), func(c Case) bool {
		return !slices.Contains(groups, c.Group) ||
			c.App != "" && c.App != target.App ||
			c.App == "" && target.OnlyApp ||
			len(target.Only) > 0 && !slices.Contains(target.Only, c.Title()) ||
			target.Connections > 0 && c.Connections > target.Connections
	})
}

// play runs one case against a complete target.
func (target Target) play(c Case) *Failure {
	host, _ := target.address()
	return c.play(&T{Host: host, dial: target.Dial, patience: target.Patience})
}

// complete checks what was given and fills in the rest.
func (target Target) complete() (Target, error) {
	address, err := target.address()
	if err != nil {
		return target, err
	}
	for _, name := range target.Groups {
		if groupNumber(name) < 0 && name != Exercise.Name {
			return target, fmt.Errorf("there is no group %q: choose from %s", name, groupNames())
		}
	}
	if !slices.Contains([]string{"", "hello", "echo", "comet", "pid"}, target.App) {
		return target, fmt.Errorf("there is no application %q: choose hello, echo, comet or pid", target.App)
	}
	if target.Patience.Now == nil {
		target.Patience = DefaultPatience
	}
	if target.Dial == nil {
		wait := target.Patience.Wait
		target.Dial = func() (net.Conn, error) { return net.DialTimeout("tcp", address, wait) }
	}
	return target, nil
}

// address is the URL's host and port, as to be dialled and as to be named in Host.
func (target Target) address() (string, error) {
	u, err := url.Parse(target.URL)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", fmt.Errorf("%q is no server's address: give http://HOST:PORT, without a path", target.URL)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

func groupNames() string {
	names := make([]string, len(Groups))
	for i, g := range Groups {
		names[i] = g.Name
	}
	return strings.Join(names, ", ")
}
