package command

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// A Tool is a command that takes everything it is told as flags. It declares them on the FlagSet, and calls
// Parse. A server's command is one too ([Flags]).
type Tool struct {
	*flag.FlagSet
	summary string
}

// NewTool begins a command. The summary is one line, for -h.
func NewTool(name, summary string) Tool {
	t := Tool{flag.NewFlagSet(name, flag.ContinueOnError), summary}
	t.SetOutput(io.Discard) // a mistake is told by Parse, in one line,
	t.Usage = func() {}     // and the flags are listed only to who asks
	return t
}

// Parse reads the command line. It ends the process with status 0 after -h, and with 2 if something is wrong.
func (t Tool) Parse() {
	switch err := t.FlagSet.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Printf("%s: %s\n\nFlags:\n", t.Name(), t.summary)
		t.SetOutput(os.Stdout)
		t.PrintDefaults()
		os.Exit(0)
	case err != nil:
		t.Misused("%v", err)
	}
	if t.NArg() > 0 {
		t.Misused("unexpected %q: everything is said with flags", t.Arg(0))
	}
}

// Between ends the process with status 2 unless the flag's value is from least to most, both included.
func Between[T cmp.Ordered](t Tool, name string, value, least, most T) {
	if value < least || value > most {
		t.Misused("-%s %v: choose from %v to %v", name, value, least, most)
	}
}

// Misused says what is wrong with the command line and ends the process with status 2.
func (t Tool) Misused(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s (-h lists the flags)\n", t.Name(), fmt.Sprintf(format, a...))
	os.Exit(2)
}

// Failed says what went wrong and ends the process with status 1.
func (t Tool) Failed(err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", t.Name(), err)
	os.Exit(1)
}
