// Package measure writes measurements together with the machine they were made on, as files that the chapters
// take their figures from (docs/results says what a file has, and checks it when it is read).
//
// A [Result] is filled by a command: one [Measurement] for each subject and quantity, with one value for each
// round, and the [Environment] from [Here]. Rounds are interleaved: value i of every subject is of round i, so
// that what disturbs a round disturbs all that is compared.
//
// What this package does not do: it measures nothing itself, and what it cannot find out about a machine it
// calls "unknown" and does not guess.
package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
)

// Schema is the version of the files.
const Schema = 1

// A Result is what one command measured.
type Result struct {
	Schema       int           `json:"schema"`
	Title        string        `json:"title"`
	Command      string        `json:"command"`
	Environment  Environment   `json:"environment"`
	Measurements []Measurement `json:"measurements"`
}

// An Environment is where and when it was measured.
type Environment struct {
	Date        time.Time      `json:"date"`
	Commit      string         `json:"commit"`
	Go          string         `json:"go"`
	OS          string         `json:"os"`
	Kernel      string         `json:"kernel"`
	CPU         string         `json:"cpu"`
	Cores       int            `json:"cores"`
	MemoryBytes int64          `json:"memory_bytes"`
	Limits      map[string]int `json:"limits,omitempty"`
	Load        string         `json:"load"`
}

// A Measurement is one quantity of one subject. Subject and Quantity are words of lower-case letters, digits
// and hyphens. At, if it is not nil, is where on a horizontal axis the values belong.
type Measurement struct {
	Subject  string    `json:"subject"`
	Quantity string    `json:"quantity"`
	Unit     string    `json:"unit"`
	At       *float64  `json:"at,omitempty"`
	AtUnit   string    `json:"at_unit,omitempty"`
	Values   []float64 `json:"values"`
}

// New begins a result of this program, as it was called, on this machine. The load says what made the load
// and where it ran.
func New(title, load string) *Result {
	called := append([]string{"bin/" + filepath.Base(os.Args[0])}, os.Args[1:]...)
	return &Result{Schema: Schema, Title: title, Command: strings.Join(called, " "), Environment: Here(load)}
}

// Add adds the value of one more round to a measurement, which it begins if it is new. It is for quantities
// that are on no axis.
func (r *Result) Add(subject, quantity, unit string, value float64) {
	r.add(Measurement{Subject: subject, Quantity: quantity, Unit: unit}, value)
}

// AddAt is Add for a quantity that depends on another: at is where on the axis the value belongs.
func (r *Result) AddAt(subject, quantity, unit string, at float64, atUnit string, value float64) {
	r.add(Measurement{Subject: subject, Quantity: quantity, Unit: unit, At: &at, AtUnit: atUnit}, value)
}

func (r *Result) add(m Measurement, value float64) {
	same := func(known Measurement) bool {
		return known.Subject == m.Subject && known.Quantity == m.Quantity &&
			(known.At == nil) == (m.At == nil) && (m.At == nil || *known.At == *m.At)
	}
	i := slices.IndexFunc(r.Measurements, same)
	if i < 0 {
		i, r.Measurements = len(r.Measurements), append(r.Measurements, m)
	}
	r.Measurements[i].Values = append(r.Measurements[i].Values, value)
}

// Write writes the file, and the directory that it is in.
func (r *Result) Write(name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// Save is what a command does with its flag -json at the end: it writes the file and says so on out; without a
// name it does nothing.
func (r *Result) Save(name string, out io.Writer) error {
	if name == "" {
		return nil
	}
	if err := r.Write(name); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "written to %s\n", name)
	return err
}

const unknown = "unknown"

// Here describes this machine and this program, now. To the load is added how busy the machine was, with it and
// with everything else, where the system tells: a figure from a busy machine should say so.
func Here(load string) Environment {
	if average := loadAverage(); average != "" {
		load += "; load average " + average
	}
	return Environment{
		Date: time.Now().UTC().Truncate(time.Second), Commit: commit(), Go: runtime.Version(), OS: runtime.GOOS,
		Kernel: kernel(), CPU: processor(), Cores: runtime.NumCPU(), MemoryBytes: memory(),
		Limits: map[string]int{"descriptors": sock.DescriptorLimit()}, Load: load,
	}
}

func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return unknown
	}
	return unix.ByteSliceToString(name.Release[:])
}
