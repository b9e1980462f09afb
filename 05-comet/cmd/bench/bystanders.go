package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A bystander is a client that has nothing to do with another one's fault.
type bystander struct {
	net.Conn
	from *bufio.Reader
}

func arrive(address string) (*bystander, error) {
	conn, err := net.DialTimeout("tcp", address, bystanderPatience)
	if err != nil {
		return nil, err
	}
	return &bystander{conn, bufio.NewReader(conn)}, nil
}

// ask makes one request; the application answers it with 404, at once.
func (b *bystander) ask() error {
	b.SetDeadline(time.Now().Add(bystanderPatience))
	if _, err := io.WriteString(b, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
		return err
	}
	return answered(b.from)
}

// Counts are of bystanders that were not harmed: those who were connected, and those who came.
type counts struct{ connected, new int }

// watch has all bystanders ask at the same time. slowest is the longest that one of them waited, in vain or not.
func watch(address string, connected []*bystander) (well counts, slowest time.Duration) {
	type outcome struct {
		err   error
		took  time.Duration
		isNew bool
	}
	outcomes := make(chan outcome)
	for _, b := range connected {
		go func() {
			began := time.Now()
			err := b.ask()
			outcomes <- outcome{err, time.Since(began), false}
		}()
	}
	for range bystanders {
		go func() {
			began := time.Now()
			b, err := arrive(address)
			if err == nil {
				err = b.ask()
				b.Close() // or nobody else would be served by the sequential model
			}
			outcomes <- outcome{err, time.Since(began), true}
		}()
	}
	for range len(connected) + bystanders {
		o := <-outcomes
		slowest = max(slowest, o.took)
		switch {
		case o.err != nil || o.took > unharmed:
		case o.isNew:
			well.new++
		default:
			well.connected++
		}
	}
	return well, slowest
}

// faultTable prints, for each fault and model, how many of all bystanders were not harmed.
func faultTable(out io.Writer, r *result) {
	fmt.Fprintf(out, "\nBystanders with an answer within %v: of those connected, of those who come; the longest wait\n\n",
		unharmed)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := []string{"one client's fault"}
	var names []string
	for _, m := range r.Measurements {
		if !slices.Contains(names, m.Subject) {
			names = append(names, m.Subject)
		}
	}
	fmt.Fprintln(w, strings.Join(append(line, names...), "\t")+"\t")
	for _, f := range allFaults {
		line := []string{f.title}
		for _, name := range names {
			line = append(line, r.sufferers(name, f.name))
		}
		fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
	}
	line = []string{"what it then keeps, MiB"}
	for _, name := range names {
		if m := r.find(name, "leak-memory", 0); m != nil {
			line = append(line, number(sumUp(m.Values).median))
		} else {
			line = append(line, "-")
		}
	}
	fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
	w.Flush()
	e := r.Environment
	fmt.Fprintf(out, "\n%s, %d cores, %s %s, %s; %s; medians of %d rounds; commit %s\n",
		e.CPU, e.Cores, e.OS, e.Kernel, e.Go, e.Load, len(r.Measurements[0].Values), e.Commit)
}

// sufferers is a cell of the table: "100 %, 50 %, 3.1 ms".
func (r *result) sufferers(model, fault string) string {
	share := func(quantity string) string {
		m := r.find(model, fault+quantity, 0)
		if m == nil {
			return "-"
		}
		return fmt.Sprintf("%.0f %%", sumUp(m.Values).median)
	}
	wait := r.find(model, fault+"-slowest", 0)
	if wait == nil {
		return "not caused"
	}
	return fmt.Sprintf("%s, %s, %s ms", share("-connected"), share("-new"), number(sumUp(wait.Values).median))
}
