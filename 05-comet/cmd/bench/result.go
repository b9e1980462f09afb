package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/c10k/01-blocking/measure"
)

// A result is one workload's file.
type result measure.Result

type measurement = measure.Measurement

// idleOf is how many idle neighbours a measurement was made with: where on the axis it belongs; 0 is on none.
func idleOf(m *measurement) int {
	if m.At == nil {
		return 0
	}
	return int(*m.At)
}

// find returns a subject's quantity, or nil.
func (r *result) find(subject, quantity string, at int) *measurement {
	for i := range r.Measurements {
		if m := &r.Measurements[i]; m.Subject == subject && m.Quantity == quantity && idleOf(m) == at {
			return m
		}
	}
	return nil
}

// enter adds a round's value.
func (r *result) enter(subject, quantity, unit string, at int, value float64) {
	m := r.find(subject, quantity, at)
	if m == nil {
		r.Measurements = append(r.Measurements, measurement{Subject: subject, Quantity: quantity, Unit: unit})
		m = &r.Measurements[len(r.Measurements)-1]
		if at > 0 {
			place := float64(at)
			m.At, m.AtUnit = &place, "idle neighbours"
		}
	}
	m.Values = append(m.Values, math.Round(value*1000)/1000) // three places are more than the measurement has
}

func readResult(name string) (*result, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r result
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Schema != measure.Schema {
		return nil, fmt.Errorf("%s: the schema is %d, and this program reads %d: measure again", name, r.Schema, measure.Schema)
	}
	return &r, nil
}

// write writes the file NAME.json.
func (r *result) write(directory, name string) error {
	return (*measure.Result)(r).Write(filepath.Join(directory, name+".json"))
}

// A summary is what is said of several values.
type summary struct{ median, least, most float64 }

func sumUp(values []float64) summary {
	inOrder := slices.Sorted(slices.Values(values))
	n := len(inOrder)
	return summary{(inOrder[(n-1)/2] + inOrder[n/2]) / 2, inOrder[0], inOrder[n-1]}
}

var errUnlike = errors.New("not measured side by side")

// ratios divides a by b, round by round.
func ratios(a, b *measurement) ([]float64, error) {
	if a == nil || b == nil || len(a.Values) != len(b.Values) || len(a.Values) == 0 {
		return nil, errUnlike
	}
	all := make([]float64, len(a.Values))
	for i := range all {
		if b.Values[i] == 0 {
			return nil, errUnlike
		}
		all[i] = a.Values[i] / b.Values[i]
	}
	return all, nil
}

// ratio sums up the ratios of all rounds.
func ratio(a, b *measurement) (summary, error) {
	all, err := ratios(a, b)
	if err != nil {
		return summary{}, err
	}
	return sumUp(all), nil
}

// number writes a value with three digits that count, and commas between thousands.
func number(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	text := strconv.FormatFloat(rounded, 'f', max(2-int(math.Floor(math.Log10(math.Abs(rounded)))), 0), 64)
	whole, fraction, isFraction := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if isFraction {
		return whole + "." + fraction
	}
	return whole
}

// forget takes out all of a subject's quantities.
func (r *result) forget(subject string, at int) {
	r.Measurements = slices.DeleteFunc(r.Measurements, func(m measurement) bool { return m.Subject == subject && idleOf(&m) == at })
}
