package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A subject is a server to be measured. In its command {bin} becomes the directory of the stages' commands,
// {bench} this program, {app} the workload's application, and {addr} an address with a free port.
type subject struct {
	name    string
	command string
	in      string        // the workloads where it is measured, with commas; "" is all
	needs   string        // a program that must be installed
	long    bool          // left out of -quick
	warming time.Duration // of load before it is measured, for one that compiles itself while it runs
}

// The stages are run as anybody runs them, with their defaults; only a master has one worker, because the
// server has one processor.
var subjects = slices.Concat(reference, deferred, slices.DeleteFunc([]subject{
	{name: "sequential", command: "{bin}/blocking -model sequential -app {app} -addr {addr}"},
	{name: "threads", command: "{bin}/blocking -model threads -app {app} -addr {addr}"},
	{name: "selectors", command: "{bin}/selectors -app {app} -addr {addr}"},
	{name: "selectors-poll", command: "{bin}/selectors -poller poll -app {app} -addr {addr}", in: "hello-1000,idle"},
	{name: "coroutines", command: "{bin}/coroutines -app {app} -addr {addr}"},
	{name: "coroutines-immediate", command: "{bin}/coroutines -defer-accept=false -app {app} -addr {addr}", in: "hello-close,hello-ab"},
	{name: "prefork", command: "{bin}/prefork -workers 1 -app {app} -addr {addr}"},
	{name: "comet", command: "{bin}/comet -workers 1 -addr {addr}", in: "comet-1000,comet-10000"}, // it has one application
	{name: "net-http", command: "{bench} -server net-http -app {app} -addr {addr}"},
	{name: "nginx", command: "{bench} -server nginx -app {app} -addr {addr}", needs: "nginx"},
	{name: "nginx-deferred", command: "{bench} -server nginx -defer-accept -app {app} -addr {addr}", in: "hello-close,hello-ab", needs: "nginx"},
	{name: "nchan", command: "{bench} -server nchan -app {app} -addr {addr}", in: "comet-1000,comet-10000", needs: "nchan"},
	{name: "node", command: "{bench} -server node -app {app} -addr {addr}", needs: "node", long: true, warming: 2 * time.Second},
}, func(s subject) bool { return slices.Contains(subjectNames(reference), s.name) }))

var subjectName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// parseSubject reads NAME=COMMAND.
func parseSubject(text string) (subject, error) {
	name, command, found := strings.Cut(text, "=")
	if !found || !subjectName.MatchString(name) || !strings.Contains(command, "{addr}") {
		return subject{}, fmt.Errorf("write NAME=COMMAND, the name in lower-case letters, digits and hyphens, with {addr} in the command")
	}
	if slices.Contains(subjectNames(subjects), name) {
		return subject{}, fmt.Errorf("%s is measured already: choose another name", name)
	}
	return subject{name: name, command: command}, nil
}

func subjectNames(of []subject) (names []string) {
	for _, s := range of {
		names = append(names, s.name)
	}
	return names
}

// choose returns the subjects that the options ask for, and the programs that are missing for others. The
// reference is always among them.
func (o *options) choose() (chosen []subject, missing []string, err error) {
	all := slices.Concat(subjects, o.add)
	wanted := strings.Split(o.only, ",")
	for _, name := range wanted {
		if o.only != "" && !slices.Contains(subjectNames(all), name) {
			return nil, nil, fmt.Errorf("%w: -only %s: no such server: choose from %s", errUsage, name, strings.Join(subjectNames(all), ", "))
		}
	}
	for _, s := range all {
		asked := slices.Contains(wanted, s.name)
		if o.only == "" && !(s.long && o.quick) || asked || slices.Contains(o.add, s) || slices.Contains(reference, s) {
			if s.needs == "" || installed(s.needs) {
				chosen = append(chosen, s)
			} else if !slices.Contains(missing, s.needs) {
				missing = append(missing, s.needs)
			}
		}
	}
	return chosen, missing, nil
}

// fill puts the paths into a command, and makes sure that the program is there: a missing one is better
// noticed before the first round than in it.
func (s subject) fill(bin, bench, app string) (string, error) {
	command := strings.NewReplacer("{bin}", bin, "{bench}", bench, "{app}", app).Replace(s.command)
	program, _, _ := strings.Cut(command, " ")
	if _, err := os.Stat(program); err != nil && strings.Contains(program, "/") {
		return "", fmt.Errorf("the server %s is not built (%w): run make build first", s.name, err)
	}
	return command, nil
}

// programs finds this program and the stages' commands. A server's command is divided at spaces.
func (o *options) programs() (bin, bench string, err error) {
	if bench, err = os.Executable(); err != nil {
		return "", "", fmt.Errorf("cannot find this program's own file: %w", err)
	}
	if bin = o.bin; bin == "" {
		bin = filepath.Dir(bench)
	}
	if bin, err = filepath.Abs(bin); err == nil && strings.ContainsAny(bin+bench, " \t") {
		err = fmt.Errorf("the path %s has a space in it, and commands are divided at spaces: move the programs, and give -bin", bin)
	}
	return bin, bench, err
}
