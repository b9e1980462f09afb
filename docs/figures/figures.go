// Package figures makes the tables, charts and numbers of the chapters from published results.
//
//	<!-- figure: hello coroutines cpu -->           the median with its unit: 6.60 µs
//	<!-- figure: hello coroutines/floor cpu -->     the ratio, round by round: 1.10 ×
//	<!-- table: hello cpu memory over=floor -->     one row for each subject, with spread
//	<!-- chart: hello wait scale=log -->            lines over "at", or bars where nothing has an "at"
//	<!-- timeline: wall-01-sequential -->           a recorded run, docs/results/wall-01-sequential.trace.json
//
// The first word is the result's file, docs/results/hello.json. Options: at=1000 (where on the axis),
// spread=yes (a figure with its least and most), subjects=a,b (these, in this order), over=SUBJECT (a table
// with ratios), scale=log (a chart's axes).
//
// A chart is two SVG files, for light and for dark pages, and a folded table with the same values for those
// who do not see it.
//
// What this package does not do: it measures nothing, and it writes no file; [Maker.Files] holds what is to
// be written.
package figures

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/results"
)

// A Maker makes figures from the results in one directory.
type Maker struct {
	directory string
	read      map[string]*results.Result

	// Files are the pictures that the charts refer to, by their names below docs/pictures.
	Files map[string][]byte
}

// New returns a maker of figures from the JSON files in a directory.
func New(directory string) *Maker {
	return &Maker{directory: directory, read: map[string]*results.Result{}, Files: map[string][]byte{}}
}

func (m *Maker) result(b *chapter.Block) (*results.Result, error) {
	if len(b.Args) == 0 {
		return nil, errors.New("name a result first: the file in docs/results, without .json")
	}
	name := b.Args[0]
	if r := m.read[name]; r != nil {
		return r, nil
	}
	if filepath.Base(name) != name {
		return nil, fmt.Errorf("%q is not the name of a file in docs/results", name)
	}
	r, err := results.Read(filepath.Join(m.directory, name+".json"))
	if err != nil {
		return nil, err
	}
	m.read[name] = r
	return r, nil
}

// Figure makes a number for a sentence.
func (m *Maker) Figure(b *chapter.Block) (string, error) {
	if err := b.Known("at", "spread"); err != nil {
		return "", err
	}
	r, err := m.result(b)
	if err != nil {
		return "", err
	}
	if len(b.Args) != 3 {
		return "", errors.New("a figure is RESULT SUBJECT QUANTITY, or RESULT SUBJECT/OTHER QUANTITY for a ratio")
	}
	at, err := axis(b)
	if err != nil {
		return "", err
	}
	subject, other, isRatio := strings.Cut(b.Args[1], "/")
	measured, err := r.Find(subject, b.Args[2], at)
	if err != nil {
		return "", err
	}
	summary, unit := results.Summarize(measured.Values), measured.Unit
	if isRatio {
		divisor, err := r.Find(other, b.Args[2], at)
		if err != nil {
			return "", err
		}
		if summary, err = results.Ratio(measured, divisor); err != nil {
			return "", err
		}
		unit = "×"
	}
	if b.Option("spread", "no") == "yes" {
		return spread(summary) + " " + unit, nil
	}
	return results.Number(summary.Median) + " " + unit, nil
}

func axis(b *chapter.Block) (*float64, error) {
	text := b.Option("at", "")
	if text == "" {
		return nil, nil
	}
	at, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("at=%s is no number", text)
	}
	return &at, nil
}

// spread is a median with the least and the most beside it; a single round has none.
func spread(s results.Summary) string {
	if s.Rounds == 1 {
		return results.Number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", results.Number(s.Median), results.Number(s.Least), results.Number(s.Most))
}

// Table makes a table: subjects down, quantities across, and below it where it was measured.
func (m *Maker) Table(b *chapter.Block) (string, error) {
	if err := b.Known("over", "subjects", "at"); err != nil {
		return "", err
	}
	r, err := m.result(b)
	if err != nil {
		return "", err
	}
	quantities := b.Args[1:]
	if len(quantities) == 0 {
		return "", errors.New("a table is RESULT QUANTITY…")
	}
	at, err := axis(b)
	if err != nil {
		return "", err
	}
	over := b.Option("over", "")
	subjects, err := chosen(b, r, quantities...)
	if err != nil {
		return "", err
	}
	header, rows := []string{""}, make([][]string, len(subjects))
	for i, subject := range subjects {
		rows[i] = []string{subject}
	}
	rounds := 0
	for _, quantity := range quantities {
		unit := ""
		for i, subject := range subjects {
			measured, err := r.Find(subject, quantity, at)
			if err != nil {
				rows[i] = append(rows[i], blanks(over != "")...)
				continue
			}
			unit, rounds = measured.Unit, max(rounds, len(measured.Values))
			rows[i] = append(rows[i], spread(results.Summarize(measured.Values)))
			if over != "" {
				rows[i] = append(rows[i], ratioCell(r, measured, over, at))
			}
		}
		if unit == "" {
			return "", fmt.Errorf("nobody in %s has %q there", b.Args[0], quantity)
		}
		header = append(header, quantity+", "+unit)
		if over != "" {
			header = append(header, "× "+over)
		}
	}
	return grid(header, rows) + "\n" + below(r, rounds), nil
}

// ratioCell is the ratio to another subject, or a dash where that was not measured.
func ratioCell(r *results.Result, measured *results.Measurement, over string, at *float64) string {
	divisor, err := r.Find(over, measured.Quantity, at)
	if err != nil {
		return "–"
	}
	summary, err := results.Ratio(measured, divisor)
	if err != nil {
		return "–"
	}
	return spread(summary)
}

func blanks(withRatio bool) []string {
	if withRatio {
		return []string{"–", "–"}
	}
	return []string{"–"}
}

// chosen are the subjects that a block names, or all that have one of the quantities.
func chosen(b *chapter.Block, r *results.Result, quantities ...string) ([]string, error) {
	var have []string
	for _, quantity := range quantities {
		for _, subject := range r.Subjects(quantity) {
			if !slices.Contains(have, subject) {
				have = append(have, subject)
			}
		}
	}
	list := b.Option("subjects", "")
	if list == "" {
		return have, nil
	}
	named := strings.Split(list, ",")
	for _, subject := range named {
		if !slices.Contains(have, subject) {
			return nil, fmt.Errorf("%q is no subject of %q; there are %q", subject, quantities, have)
		}
	}
	return named, nil
}

// grid writes a Markdown table; all columns but the first are numbers.
func grid(header []string, rows [][]string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| %s |\n|---|%s\n", strings.Join(header, " | "), strings.Repeat("---:|", len(header)-1))
	for _, row := range rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
	}
	return out.String()
}

// below says where the figures come from.
func below(r *results.Result, rounds int) string {
	how := "one round"
	if rounds > 1 {
		how = fmt.Sprintf("median (least–most) of %d rounds", rounds)
	}
	return fmt.Sprintf("*%s: %s. `%s` on %s.*", r.Title, how, r.Command, r.Environment.Describe())
}
