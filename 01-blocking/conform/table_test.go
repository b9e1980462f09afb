package conform

import (
	"slices"
	"strings"
	"testing"
)

// Every server of the table has each group, or a sentence that says why not; and nothing it has is empty.
func TestStages(t *testing.T) {
	for _, s := range Stages {
		for _, g := range Groups {
			sentence, lacks := s.Lacks[g.Name]
			has := slices.Contains(s.Groups, g.Name)
			if has == lacks {
				t.Errorf("%s: group %s must be had or be explained, and not both", s.Name, g.Name)
			}
			if lacks && !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: what it says of %s is no sentence: %q", s.Name, g.Name, sentence)
			}
		}
		for _, g := range s.Groups {
			if !slices.ContainsFunc(s.Rounds(), func(r Round) bool {
				return slices.ContainsFunc(Target{
					App: r.App, Groups: r.Groups, OnlyApp: r.OnlyApp, Connections: s.Connections,
				}.Cases(), func(c Case) bool { return c.Group == g })
			}) {
				t.Errorf("%s: no round asks anything of group %s", s.Name, g)
			}
		}
	}
}

// What belongs to no application is asked once, whatever a server serves.
func TestRoundsAskNothingTwice(t *testing.T) {
	for _, s := range Stages {
		asked := map[string]string{}
		for _, r := range s.Rounds() {
			target := Target{App: r.App, Groups: r.Groups, OnlyApp: r.OnlyApp, Connections: s.Connections}
			for _, c := range target.Cases() {
				if before, twice := asked[c.Title()]; twice {
					t.Errorf("%s: %s is asked with %s and with %s", s.Name, c.Title(), before, r.name())
				}
				asked[c.Title()] = r.name()
			}
		}
	}
}

// A server of one connection at a time is not asked what needs two.
func TestCasesFitTheConnections(t *testing.T) {
	few := Target{App: "hello", Connections: 1}.Cases()
	many := Target{App: "hello"}.Cases()
	if len(few) == 0 || len(few) == len(many) || slices.ContainsFunc(few, func(c Case) bool { return c.Connections > 1 }) {
		t.Errorf("%d cases for one connection, %d for many", len(few), len(many))
	}
}

// Every case can be found by its name and tells what a reader needs when it fails.
func TestCases(t *testing.T) {
	titles := map[string]bool{}
	for _, c := range Cases() {
		if titles[c.Title()] {
			t.Errorf("two cases are called %s", c.Title())
		}
		titles[c.Title()] = true
		if c.Why == "" || c.Hint == "" || c.Connections < 1 || c.Run == nil {
			t.Errorf("%s: something is missing: %+v", c.Title(), c)
		}
		if strings.ToLower(c.Name) != c.Name || strings.Contains(c.Name, " ") {
			t.Errorf("%s: names are small letters with hyphens", c.Title())
		}
		if groupNumber(c.Group) < 0 {
			t.Errorf("%s: there is no such group", c.Title())
		}
	}
}

func TestTargetErrors(t *testing.T) {
	for _, test := range []struct {
		target Target
		says   string
	}{
		{Target{URL: "127.0.0.1:8080"}, "give http://HOST:PORT"},
		{Target{URL: "https://localhost/"}, "give http://HOST:PORT"},
		{Target{URL: "http://localhost/wait"}, "without a path"},
		{Target{URL: "http://h", Groups: []string{"fast"}}, "choose from http"},
		{Target{URL: "http://h", App: "comets"}, "choose hello, echo, comet or pid"},
		{Target{URL: "http://h", App: "hello", Groups: []string{"comet"}}, "no case fits"},
	} {
		if _, err := Grade(test.target); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v; want %q", test.target, err, test.says)
		}
	}
}
