package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// noiseMost is the difference between floor and floor-again above which a run is called noisy.
const noiseMost = 0.05

// table prints a result: what a request costs, as a multiple of the floor, and beside it the multiple that was
// published.
func table(out io.Writer, r, published *result) {
	if len(r.Measurements) == 0 {
		return
	}
	places := r.places()
	for _, at := range places {
		title := r.Title
		if at > 0 {
			title += fmt.Sprintf(" (%d)", at)
		}
		fmt.Fprintf(out, "\n%s: CPU time of the server for each, in µs\n\n", title)
		r.rows(out, published, at)
	}
	e := r.Environment
	fmt.Fprintf(out, "\n%s, %d cores, %s %s, %s; %s; commit %s\n", e.CPU, e.Cores, e.OS, e.Kernel, e.Go, e.Load, e.Commit)
	if published != nil {
		p := published.Environment
		fmt.Fprintf(out, "published: %s, %d cores, %s; commit %s, %s\n", p.CPU, p.Cores, p.Go, p.Commit, p.Date.Format("2006-01-02"))
	}
	for _, at := range places {
		if doubt := r.doubt(at); doubt != "" {
			fmt.Fprintln(out, doubt)
		}
	}
}

// places are where on the axis something was measured; 0 alone if there is no axis.
func (r *result) places() (all []int) {
	for i := range r.Measurements {
		if at := idleOf(&r.Measurements[i]); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all
}

// columns are the quantities beside the CPU time that a table shows, if they were measured.
var columns = []struct{ quantity, title string }{
	{"user", "user"}, {"system", "system"}, {"rate", "requests/s"}, {"median", "median µs"}, {"p99", "p99 µs"},
	{"last", "last µs"}, {"memory", "bytes each"}, {"load", "load CPU %"},
}

func (r *result) rows(out io.Writer, published *result, at int) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	base := r.find(reference[0].name, "cpu", at)
	line := []string{"server", "µs", "least to most", "× " + reference[0].name, "least to most", "published ×"}
	var shown []string
	for _, c := range columns {
		if slices.ContainsFunc(r.Measurements, func(m measurement) bool { return m.Quantity == c.quantity && idleOf(&m) == at }) {
			line, shown = append(line, c.title), append(shown, c.quantity)
		}
	}
	fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
	for i := range r.Measurements {
		m := &r.Measurements[i]
		if m.Quantity != "cpu" || idleOf(m) != at {
			continue
		}
		s := sumUp(m.Values)
		line := []string{m.Subject, number(s.median), number(s.least) + " to " + number(s.most)}
		if times, err := ratio(m, base); err == nil {
			line = append(line, fmt.Sprintf("%.2f", times.median), fmt.Sprintf("%.2f to %.2f", times.least, times.most))
		} else {
			line = append(line, "-", "-")
		}
		line = append(line, publishedRatio(published, m.Subject, at))
		for _, quantity := range shown {
			if other := r.find(m.Subject, quantity, at); other != nil {
				line = append(line, number(sumUp(other.Values).median))
			} else {
				line = append(line, "-")
			}
		}
		fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
	}
	w.Flush()
}

func publishedRatio(published *result, subject string, at int) string {
	if published == nil {
		return "-"
	}
	times, err := ratio(published.find(subject, "cpu", at), published.find(reference[0].name, "cpu", at))
	if err != nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", times.median)
}

// doubt says that a run was too noisy to tell small differences: the same server, measured twice, differs.
func (r *result) doubt(at int) string {
	differs, err := r.noise(at)
	if err != nil || differs <= noiseMost {
		return ""
	}
	where := ""
	if at > 0 {
		where = fmt.Sprintf(" at %d", at)
	}
	return fmt.Sprintf("noisy%s: %s and %s are the same server, and in half of the rounds they differ by %.0f %% or more: take no smaller difference for one; stop other programs and measure again",
		where, reference[0].name, reference[1].name, 100*differs)
}

// noise is by how much the same server, measured twice in a round, differs from itself: in the middle one of
// the rounds, ordered by that.
func (r *result) noise(at int) (float64, error) {
	base, again := r.find(reference[0].name, "cpu", at), r.find(reference[1].name, "cpu", at)
	if _, err := ratio(again, base); err != nil {
		return 0, err
	}
	differences := make([]float64, len(base.Values))
	for i := range differences {
		differences[i] = math.Abs(again.Values[i]/base.Values[i] - 1)
	}
	return sumUp(differences).median, nil
}
