package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A subject is a server to be measured. In its command {bin} becomes the directory of the stages' commands,
// {bench} this program, {app} the workload's application, and {addr} an address with a free port.
type subject struct {
	name    string
	command string
	in      string // the workloads where it is measured, with commas; "" is all
}

// The stages are run as anybody runs them, with their defaults; only a master has one worker, because the
// server has one processor.
var subjects = slices.Concat(reference, deferred, slices.DeleteFunc([]subject{
	{"sequential", "{bin}/blocking -model sequential -app {app} -addr {addr}", ""},
	{"threads", "{bin}/blocking -model threads -app {app} -addr {addr}", ""},
	{"selectors", "{bin}/selectors -app {app} -addr {addr}", ""},
	{"selectors-poll", "{bin}/selectors -poller poll -app {app} -addr {addr}", "hello-1000,idle"},
	{"coroutines", "{bin}/coroutines -app {app} -addr {addr}", ""},
	{"coroutines-immediate", "{bin}/coroutines -defer-accept=false -app {app} -addr {addr}", "hello-close"},
	{"prefork", "{bin}/prefork -workers 1 -app {app} -addr {addr}", ""},
	{"comet", "{bin}/comet -workers 1 -app {app} -addr {addr}", ""},
	{"net-http", "{bench} -server net-http -app {app} -addr {addr}", ""},
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

// choose returns the subjects that the options ask for. The reference is always among them.
func (o *options) choose() ([]subject, error) {
	all := slices.Concat(subjects, o.add)
	if o.only == "" {
		return all, nil
	}
	wanted := strings.Split(o.only, ",")
	for _, name := range wanted {
		if !slices.Contains(subjectNames(all), name) {
			return nil, fmt.Errorf("%w: -only %s: no such server: choose from %s", errUsage, name, strings.Join(subjectNames(all), ", "))
		}
	}
	return slices.DeleteFunc(all, func(s subject) bool {
		return !slices.Contains(wanted, s.name) && !slices.Contains(o.add, s) && !slices.Contains(reference, s)
	}), nil
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
