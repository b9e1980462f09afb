// Command conform grades a server: any server that speaks HTTP/1.1, in any language.
//
//	conform -app echo http://127.0.0.1:8080
//	conform -stage 02 -run './mine -addr {addr} -app {app} {timeouts}'
//
// The first form asks a server that is running. The second starts one, waits until it listens, grades it
// and stops it, once for each application that the stage has. Each case is one line; one that fails
// tells what was expected and why, what came, where to look first, and what was said on the wire.
//
// The exit status is 0 if everything passed, 1 if a case failed, and 2 if nothing could be asked.
//
// What this program does not do: it measures no speed, and puts no load on the server.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/c10k/01-blocking/conform"
)

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil && o.list {
		err = list(os.Stdout, o)
		if err == nil {
			return
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "conform: %v (-h lists the flags)\n", err)
		os.Exit(2)
	}
	report := newReport(os.Stdout, o)
	if err := grade(o, report); err != nil {
		fmt.Fprintf(os.Stderr, "conform: %v\n", err)
		os.Exit(2)
	}
	if !report.close() {
		os.Exit(1)
	}
}

// Options are what the command line says.
type options struct {
	url     string
	run     string // a command, with placeholders
	app     string
	stage   *conform.Stage
	groups  []string
	only    []string
	wait    time.Duration
	short   bool // the server at the URL has short time-outs
	list    bool
	verbose bool
	json    bool
}

const usage = `conform grades an HTTP/1.1 server.

    conform [flags] http://HOST:PORT       a server that is running
    conform [flags] -run 'COMMAND'         a server that is started, graded and stopped

In COMMAND, which a shell runs, {addr} becomes HOST:PORT, {app} the application (hello, echo, comet, pid), and
{timeouts} nothing, or ` + shortTimeouts + `.
A server says "listening on http://HOST:PORT" on its standard error, or accepts at {addr}.

Flags:
`

// parse reads the command line. Flags may stand before and behind the URL.
func parse(args []string) (*options, error) {
	o := &options{}
	var stage, groups, only string
	f := flag.NewFlagSet("conform", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.run, "run", "", "start `COMMAND`, grade it and stop it")
	f.StringVar(&o.app, "app", "", "`NAME` of what is served: hello, echo, comet or pid; without it only what any server answers is asked")
	f.StringVar(&stage, "stage", "", "hold the server to what stage `NAME` promises: "+stageNames())
	f.StringVar(&groups, "group", "", "ask these `GROUPS`, with commas between, or all (see -list)")
	f.StringVar(&only, "case", "", "ask these `CASES` only, with commas between: http/keep-alive (see -list)")
	f.DurationVar(&o.wait, "wait", 5*time.Second, "wait `TIME` for what must come")
	f.BoolVar(&o.short, "timeouts", false, "the server at the URL was started with short time-outs: ask group timeouts and nothing else")
	f.BoolVar(&o.list, "list", false, "list the groups and cases, and ask nothing")
	f.BoolVar(&o.verbose, "v", false, "say why each case is asked, and show what a started server writes to its standard error")
	f.BoolVar(&o.json, "json", false, "print one JSON document instead of lines")
	f.Usage = func() {} // a mistake is one line
	for len(args) > 0 {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(os.Stdout, usage)
			f.SetOutput(os.Stdout)
			f.PrintDefaults()
		}
		if err != nil {
			return nil, err
		}
		if args = f.Args(); len(args) > 0 {
			if o.url != "" {
				return nil, fmt.Errorf("unexpected %q: one URL at a time", args[0])
			}
			o.url, args = args[0], args[1:]
		}
	}
	if stage != "" {
		s, err := conform.StageNamed(stage)
		if err != nil {
			return nil, err
		}
		s.Groups = slices.Clone(s.Groups) // -group will cut it down
		o.stage = &s
	}
	o.groups, o.only = split(groups), split(only)
	return o, o.check()
}

// check finds what cannot be meant.
func (o *options) check() error {
	if slices.Equal(o.groups, []string{"all"}) {
		o.groups = nil
		for _, g := range conform.Groups {
			if g.Name != "timeouts" || o.url == "" { // a server with ordinary time-outs would fail them all
				o.groups = append(o.groups, g.Name)
			}
		}
	}
	for _, title := range o.only {
		if !slices.ContainsFunc(append(conform.Cases(), conform.Exercises()...), func(c conform.Case) bool { return c.Title() == title }) {
			return fmt.Errorf("there is no case %q: -list names them", title)
		}
	}
	if o.stage != nil && len(o.groups) > 0 {
		for _, g := range o.groups {
			if why, lacks := o.stage.Lacks[g]; lacks && len(o.groups) == 1 {
				return fmt.Errorf("stage %s does not have group %s: %s", o.stage.Name, g, why)
			}
		}
		o.stage.Groups = slices.DeleteFunc(o.stage.Groups, func(g string) bool { return !slices.Contains(o.groups, g) })
	}
	switch {
	case o.list:
		return nil
	case o.url == "" && o.run == "":
		return errors.New("name the server: conform http://127.0.0.1:8080, or -run 'COMMAND -addr {addr}'")
	case o.url != "" && o.run != "":
		return fmt.Errorf("a URL (%s) and -run exclude each other: give one of them", o.url)
	case o.run != "" && !strings.Contains(o.run, "{addr}"):
		return errors.New("-run: the command lacks {addr}, the address where it must listen: -run './mine -addr {addr}'")
	case o.run != "" && o.short:
		return errors.New("-timeouts is for a URL; with -run write {timeouts} where the command takes its time-out flags")
	case o.wait <= 0:
		return fmt.Errorf("-wait %v: give a time above zero, as in 5s", o.wait)
	case o.stage != nil && o.app != "" && !slices.Contains(o.stage.Apps, o.app):
		return fmt.Errorf("stage %s does not serve %s: choose from %s", o.stage.Name, o.app, strings.Join(o.stage.Apps, ", "))
	}
	return nil
}

// list prints the groups with their promises, and the cases.
func list(w io.Writer, o *options) error {
	for _, g := range append(slices.Clone(conform.Groups), conform.Exercise) {
		if o.stage != nil && !slices.Contains(o.stage.Groups, g.Name) || len(o.groups) > 0 && !slices.Contains(o.groups, g.Name) {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", g.Name, g.Promise)
		for _, c := range append(conform.Cases(), conform.Exercises()...) {
			if c.Group != g.Name {
				continue
			}
			app := c.App
			if app == "" {
				app = "any"
			}
			fmt.Fprintf(w, "  %-32s %s\n", c.Title(), app)
		}
	}
	return nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func stageNames() string {
	var names []string
	for _, s := range conform.Stages {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}
