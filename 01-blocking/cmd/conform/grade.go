package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/conform"
)

// shortTimeouts is conform.ShortTimeouts for a shell; a test keeps the two equal.
const shortTimeouts = "-header-timeout 500ms -request-timeout 800ms -idle-timeout 500ms"

// grade asks what the options say and hands every result to the report. An error means that nothing, or
// not everything, could be asked.
func grade(o *options, report *report) error {
	if o.run == "" {
		return gradeURL(o, report)
	}
	all := rounds(o, report)
	if len(all) == 0 {
		return errors.New("nothing can be asked: look whether -group, -case, -app and the command's placeholders fit each other")
	}
	for _, round := range all {
		if err := gradeCommand(o, round, report); err != nil {
			return err
		}
	}
	return nil
}

// gradeURL asks a server that somebody else started.
func gradeURL(o *options, report *report) error {
	round := conform.Round{App: o.app, Groups: o.groups}
	switch {
	case o.short:
		round.Groups = []string{"timeouts"}
	case o.stage != nil:
		if round.App == "" {
			round.App = o.stage.Apps[0]
		}
		round.Groups = ordinary(stageGroups(o))
		if slices.Contains(o.stage.Groups, "timeouts") {
			report.leaveOut("timeouts", "It needs a server with short time-outs: start one and say -timeouts.")
		}
	}
	target := target(o, round, o.url)
	seq, err := conform.Grade(target)
	if err != nil {
		return err
	}
	if err := answers(o.url); err != nil {
		return fmt.Errorf("nothing answers at %s (%v): start the server first, or let conform start it with -run", o.url, err)
	}
	report.round(round, o.url, len(target.Cases()))
	for result := range seq {
		report.add(round, result)
	}
	return nil
}

// answers connects once, to tell a server that is not there from one that is wrong.
func answers(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "80")
	}
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// rounds are the starts of the command that the options ask for.
func rounds(o *options, report *report) []conform.Round {
	stage := o.stage
	if stage == nil {
		stage = &conform.Stage{Apps: []string{"hello", "echo", "comet"}}
		if o.app == "pid" { // no stage promises anything of it
			stage.Apps = []string{"pid"}
		}
		stage.Groups = o.groups
		if len(o.groups) == 0 {
			stage.Groups = []string{"http"} // and, just below, what belongs to each application
		}
	}
	all := stage.Rounds()
	if o.stage == nil && len(o.groups) == 0 {
		for i := range all {
			all[i].Groups = conform.DefaultGroups(all[i].App)
		}
	}
	if !strings.Contains(o.run, "{app}") || o.app != "" { // one application, and all that is asked of it
		app := o.app
		if app == "" && len(stage.Apps) == 1 {
			app = stage.Apps[0]
		}
		all = slices.DeleteFunc(all, func(r conform.Round) bool { return r.App != app && !r.Timeouts })
		if app == "" {
			report.leaveOut("echo, comet and what belongs to them", "The command lacks {app}, and -app does not say what it serves.")
			if len(o.groups) == 0 || len(ordinary(o.groups)) > 0 {
				all = append([]conform.Round{{Groups: ordinary(stageGroups(o))}}, all...)
			}
		}
		for i := range all {
			all[i].App, all[i].OnlyApp = app, false
		}
	}
	return slices.DeleteFunc(all, func(r conform.Round) bool {
		if r.Timeouts && !strings.Contains(o.run, "{timeouts}") {
			report.leaveOut("timeouts", "The command lacks {timeouts}, so it cannot be started with short ones.")
			return true
		}
		return len(target(o, r, "http://unknown:1").Cases()) == 0
	})
}

// stageGroups is what is asked apart from the rounds: what the stage promises, or the groups named, or
// none, which means the application's own.
func stageGroups(o *options) []string {
	if o.stage != nil {
		return o.stage.Groups
	}
	return o.groups
}

// ordinary is groups without the one that needs a server with short time-outs.
func ordinary(groups []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return g == "timeouts" })
}

// target joins the options and a round.
func target(o *options, round conform.Round, at string) conform.Target {
	t := conform.Target{
		URL: at, App: round.App, Groups: round.Groups, OnlyApp: round.OnlyApp, Only: o.only,
		Patience: conform.Patience{Now: time.Now, Wait: o.wait, Pause: conform.DefaultPatience.Pause},
	}
	if o.stage != nil {
		t.Connections = o.stage.Connections
	}
	return t
}

// dyingWait is how long after a failure the end of the server is awaited: longer than a process takes to be
// cleared away, short enough to bear for every failure.
const dyingWait = 100 * time.Millisecond

// gradeCommand starts the command, asks, and stops it, whatever happens.
func gradeCommand(o *options, round conform.Round, report *report) error {
	address, err := conform.FreeAddress()
	if err != nil {
		return err
	}
	timeouts := ""
	if round.Timeouts {
		timeouts = shortTimeouts
	}
	line := strings.NewReplacer("{addr}", address, "{app}", round.App, "{timeouts}", timeouts).Replace(o.run)
	var echo io.Writer
	if o.verbose {
		echo = os.Stderr
	}
	script, replaced := line, !shellNeeded.MatchString(line)
	if replaced {
		script = "exec " + line
	}
	command, err := conform.Start(exec.Command("/bin/sh", "-c", script), address, echo)
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupted)

	target := target(o, round, command.URL)
	seq, err := conform.Grade(target)
	if err != nil {
		command.Stop()
		return err
	}
	report.round(round, strings.TrimSpace(line), len(target.Cases()))
	for result := range seq {
		report.add(round, result)
		if result.Failure != nil {
			select { // the reason may be that it is dying
			case <-command.Ended():
			case <-time.After(dyingWait):
			}
		}
		select {
		case <-command.Ended():
			report.died(command.Stop())
			return nil
		case <-interrupted:
			command.Stop()
			return errors.New("interrupted; the server was stopped")
		default:
		}
	}
	if err := command.Stop(); err != nil && replaced { // a shell that stays ends with the signal itself
		report.note(err.Error())
	}
	return nil
}

// shellNeeded finds what keeps a shell from being replaced by the command: lists, pipes, redirections,
// groups, and assignments before it. A shell that was replaced leaves the server's own exit status.
var shellNeeded = regexp.MustCompile("[;&|<>(){}\n`]|^ *[A-Za-z_][A-Za-z_0-9]*=")
