// Command specimens serves one of the two servers that fail under load, so that ab and wrk can be pointed at
// it; with -list it says what is wrong with them. Package specimens says what each of them got wrong, and its
// tests show it.
//
// What this command does not do: it mends nothing, and understands few of the flags of the stages' commands. Where
// a server is wanted that holds under load, take selectors.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"text/tabwriter"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/02-selectors/specimens"
)

// mostWorkers is far more than the 12 of the original; each costs a poller.
const mostWorkers = 64

func main() {
	flags := flag.NewFlagSet("specimens", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are told in one line
	name := flags.String("server", specimens.Names[0], "serve `NAME`: "+strings.Join(specimens.Names, ", "))
	addr := flags.String("addr", "127.0.0.1:8080", "listen on `HOST:PORT`; port 0 picks one")
	workers := flags.Int("workers", 1, "share the listener among `N` loops")
	poller := flags.String("poller", poll.Names()[0], "ask the kernel with `NAME`: "+strings.Join(poll.Names(), ", "))
	passive := flags.Bool("passive", false, "set the socket option that the original of hasty set, which is not for an ordinary user")
	list := flags.Bool("list", false, "say what is wrong with them, and serve nothing")

	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print("specimens: two servers that fail under load, kept for study\n\nFlags:\n")
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return
	case err != nil:
		misused("%v", err)
	case flags.NArg() > 0:
		misused("unexpected %q: everything is said with flags", flags.Arg(0))
	case *workers < 1 || *workers > mostWorkers:
		misused("-workers %d: choose from 1 to %d", *workers, mostWorkers)
	}
	if *list {
		show(os.Stdout)
		return
	}
	if _, _, err := net.SplitHostPort(*addr); err != nil {
		misused("-addr %s: write HOST:PORT, as in 127.0.0.1:8080", *addr)
	}
	server, at, err := specimens.New(*name, *addr, specimens.Options{
		Workers: *workers, Poller: *poller, Passive: *passive,
		Complain: func(err error) { fmt.Fprintln(os.Stderr, err) }, // as the original does, without a bound
	})
	if err != nil {
		failed(err)
	}
	command.Listening(at)
	failed(server.Run())
}

// show prints the faults as a table.
func show(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "FAULT\tIN\tWHAT IS SEEN\tTEST")
	for _, fault := range specimens.Faults {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", fault.Name, fault.In, fault.Seen, fault.Test)
	}
	table.Flush()
}

func misused(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "specimens: %s (-h lists the flags)\n", fmt.Sprintf(format, a...))
	os.Exit(2)
}

func failed(err error) {
	fmt.Fprintf(os.Stderr, "specimens: %v\n", err)
	os.Exit(1)
}
