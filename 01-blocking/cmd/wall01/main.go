// Command wall01 runs into the two walls of stage 01 and prints what it met: one silent client in front of a
// server that takes one connection at a time, and ten thousand waiting clients with a thread each.
//
// With -out it also writes what it recorded: wall-01-*.trace.json, from which docs/cmd/timeline draws a
// picture, and wall-01.json, the figures. The test of package wall asserts what this command prints.
//
// What this command does not do: it measures no speed. What it counts is who was served, and when, and how many
// threads that took.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/01-blocking/wall"
)

// Bounds of what may be asked for: a table and a picture that still can be read, on a machine that goes on.
const (
	mostOthers   = 1000
	shortestTime = 10 * time.Millisecond
	longestTime  = 5 * time.Second
	mostClients  = 20_000
)

type options struct {
	out     string
	others  int
	timeout time.Duration
	clients int
}

func main() {
	wall.Child()
	var o options
	tool := command.NewTool("wall01", "the walls of stage 01: one silent client, and ten thousand threads")
	tool.StringVar(&o.out, "out", "", "write recordings and figures into `DIR`")
	tool.IntVar(&o.others, "others", 20, "`N` clients ask while another is silent, 1 to 1000")
	tool.DurationVar(&o.timeout, "time-out", 250*time.Millisecond, "the `TIME` after which a server gives a silent client up, 10ms to 5s")
	tool.IntVar(&o.clients, "clients", 10_000, "park up to `N` clients, 100 to 20000; each is a descriptor here and one in the server")
	tool.Parse()
	command.Between(tool, "others", o.others, 1, mostOthers)
	command.Between(tool, "time-out", o.timeout, shortestTime, longestTime)
	command.Between(tool, "clients", o.clients, 100, mostClients)
	if err := run(os.Stdout, o); err != nil {
		tool.Failed(err)
	}
}

func run(out io.Writer, o options) error {
	figures := measure.New("The walls of stage 01", "server in a process of its own, clients in this one, loopback")
	if err := silences(out, o, figures); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := crowds(out, o, figures); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	name := filepath.Join(o.out, "wall-01.json")
	return figures.Save(name, out)
}

// A scene is a silence and the name of its recording.
type scene struct {
	name string
	load wall.Silence
}

// silences prints the first wall. The sequential server is given as long as shows that nobody is served.
func silences(out io.Writer, o options, figures *measure.Result) error {
	const patience = time.Second
	scenes := []scene{
		{"threads", wall.Silence{Threads: true, Silent: 1, Others: o.others, Patience: 10 * time.Second}},
		{"sequential", wall.Silence{Silent: 1, Others: o.others, Patience: patience}},
		{"time-out", wall.Silence{Silent: 1, Others: o.others, Timeout: o.timeout}},
		{"time-outs", wall.Silence{Silent: 4, Others: o.others, Timeout: o.timeout}},
	}
	fmt.Fprintf(out, "The first wall: a client that connects and says nothing, and then %d others that ask for an answer each.\n\n", o.others)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\ttime-out\tsilent clients\tserved meanwhile\tserved after\tthe last waited\t")
	for _, s := range scenes {
		result, err := s.load.Run()
		if err != nil {
			return fmt.Errorf("%v: %w", s.load, err)
		}
		model, timeout := "one at a time", "never"
		if s.load.Threads {
			model = "a thread each"
		}
		if s.load.Timeout != 0 {
			timeout = s.load.Timeout.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t\n", model, timeout, s.load.Silent, result.Meanwhile, result.Served-result.Meanwhile, milliseconds(result.Last))
		figures.Add(s.name, "meanwhile", "clients", float64(result.Meanwhile))
		figures.Add(s.name, "last", "ms", float64(result.Last.Microseconds())/1000)
		if o.out != "" {
			if err := save(filepath.Join(o.out, "wall-01-"+s.name+".trace.json"), result); err != nil {
				return err
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nWithout a time-out the silent client left by itself, in front of the sequential server after %v: it could have stayed.\n"+
		"A time-out is paid for each silent client, one after another.\n", patience)
	return err
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func save(name string, result *wall.SilenceResult) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := result.Recording.Write(file); err != nil {
		return err
	}
	return file.Close()
}

// steps are the numbers of clients at which the server is measured, up to what is asked for and allowed.
func steps(most int) []int {
	var up []int
	for _, n := range []int{100, 500, 1000, 2000, 5000, 9000} {
		if n < most {
			up = append(up, n)
		}
	}
	return append(up, most)
}

// crowds prints the second wall: the same steps with a thread each and with goroutines that have none.
func crowds(out io.Writer, o options, figures *measure.Result) error {
	most, err := wall.MostClients()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The second wall: clients that wait in /wait, and the threads and the memory that the server's process has.\n\n")
	if o.clients > most {
		fmt.Fprintf(out, "(%d clients are asked for, and the limit on descriptors allows %d here: ulimit -n %d allows all.)\n\n", o.clients, most, wall.Descriptors(o.clients))
		o.clients = most
	}
	up := steps(o.clients)
	locked, err := crowd(wall.Crowd{Steps: up})
	if err != nil {
		return err
	}
	unlocked, err := crowd(wall.Crowd{Steps: up, Unlocked: true})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "waiting\tthreads, a thread each\tmemory\tthreads, goroutines\tmemory\t")
	for i, n := range up {
		fmt.Fprintf(table, "%d\t%s\t%s\t\n", n, cells(locked, i), cells(unlocked, i))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if locked.Died != 0 {
		fmt.Fprintf(out, "\nThe server with a thread each ended when %d clients had connected. It said:\n\n%s", locked.Died, indented(locked.Said))
	} else {
		fmt.Fprintf(out, "\nBoth servers held. The Go runtime ends a process with more than 10,000 threads: -clients 10000 shows it.\n")
	}
	addPoints(figures, "threads", locked)
	addPoints(figures, "goroutines", unlocked)
	return nil
}

func crowd(c wall.Crowd) (*wall.CrowdResult, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return c.Run(exec.Command(program))
}

// cells are the two columns of one server at one step.
func cells(r *wall.CrowdResult, step int) string {
	switch {
	case step >= len(r.Points):
		return "ended\tended"
	case r.Points[step].Threads == 0:
		return "not known here\tnot known here"
	}
	return fmt.Sprintf("%d\t%.1f MiB", r.Points[step].Threads, float64(r.Points[step].Resident)/(1<<20))
}

func addPoints(figures *measure.Result, subject string, r *wall.CrowdResult) {
	for _, p := range r.Points {
		if p.Threads != 0 {
			figures.AddAt(subject, "threads", "threads", float64(p.Clients), "waiting clients", float64(p.Threads))
			figures.AddAt(subject, "memory", "MiB", float64(p.Clients), "waiting clients", float64(p.Resident)/(1<<20))
		}
	}
	if r.Died != 0 {
		figures.Add(subject, "end", "clients", float64(r.Died))
	}
}

// shownLines is how much of a dying server's words is quoted: what it died of comes first, then a stack.
const shownLines = 2

// indented are the first lines of a text, as a quotation.
func indented(text string) string {
	var out strings.Builder
	shown := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "listening on") || strings.TrimSpace(line) == "" {
			continue
		}
		if shown++; shown > shownLines {
			break
		}
		out.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return out.String()
}
