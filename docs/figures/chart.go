package figures

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/results"
)

// A theme is the colours of a page.
type theme struct {
	name string
	ink  color.Color
	grid color.Color
	// The series are told apart by people who see colours differently (Okabe and Ito's palette, 2008), and
	// lines by their dashes too.
	series []color.Color
}

var themes = []theme{
	{"light", color.RGBA{36, 41, 47, 255}, color.RGBA{208, 215, 222, 255}, []color.Color{
		color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255}, color.RGBA{120, 94, 10, 255}}},
	{"dark", color.RGBA{230, 237, 243, 255}, color.RGBA{61, 68, 77, 255}, []color.Color{
		color.RGBA{86, 180, 233, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{0, 200, 145, 255}, color.RGBA{225, 150, 190, 255}, color.RGBA{240, 228, 66, 255}}},
}

const (
	width  = 7 * vg.Inch
	height = 3.5 * vg.Inch
	margin = 14 * vg.Length(1)
)

// Chart makes a picture and the table with the same values.
func (m *Maker) Chart(b *chapter.Block) (string, error) {
	if err := b.Known("scale", "subjects"); err != nil {
		return "", err
	}
	r, err := m.result(b)
	if err != nil {
		return "", err
	}
	if len(b.Args) != 2 {
		return "", errors.New("a chart is RESULT QUANTITY")
	}
	quantity := b.Args[1]
	subjects, err := chosen(b, r, quantity)
	if err != nil {
		return "", err
	}
	if len(subjects) == 0 {
		return "", fmt.Errorf("nobody in %s has %q", b.Args[0], quantity)
	}
	points := series(r, quantity, subjects)
	name := b.Args[0] + "-" + quantity
	for _, t := range themes {
		svg, err := draw(t, r, subjects, points, b.Option("scale", "linear") == "log")
		if err != nil {
			return "", err
		}
		m.Files[name+"-"+t.name+".svg"] = svg
	}
	header, rows, rounds := values(subjects, points)
	return fmt.Sprintf(`<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/%[1]s-dark.svg">
  <img src="pictures/%[1]s-light.svg" alt="%[2]s: %[3]s. The table below has the same values.">
</picture>

<details><summary>The values of this picture</summary>

%[4]s
%[5]s

</details>`, name, r.Title, quantity, grid(header, rows), below(r, rounds)), nil
}

// series returns the measurements of each subject, in the order of the axis.
func series(r *results.Result, quantity string, subjects []string) map[string][]results.Measurement {
	points := map[string][]results.Measurement{}
	for _, measured := range r.Measurements {
		if measured.Quantity == quantity && slices.Contains(subjects, measured.Subject) {
			points[measured.Subject] = append(points[measured.Subject], measured)
		}
	}
	for _, list := range points {
		slices.SortFunc(list, func(a, b results.Measurement) int {
			switch {
			case where(a) < where(b):
				return -1
			case where(a) > where(b):
				return 1
			}
			return 0
		})
	}
	return points
}

func where(m results.Measurement) float64 {
	if m.At == nil {
		return 0
	}
	return *m.At
}

// named is what is measured, with its unit: "memory, MiB", but "threads" and not "threads, threads".
func named(m results.Measurement) string {
	if m.Quantity == m.Unit {
		return m.Quantity
	}
	return m.Quantity + ", " + m.Unit
}

// values are the same figures as a table: a column for each subject, a row for each place on the axis.
func values(subjects []string, points map[string][]results.Measurement) (header []string, rows [][]string, rounds int) {
	var places []float64
	for _, subject := range subjects {
		for _, measured := range points[subject] {
			if !slices.Contains(places, where(measured)) {
				places = append(places, where(measured))
			}
		}
	}
	slices.Sort(places)
	first := points[subjects[0]][0]
	header = append([]string{first.AtUnit}, subjects...)
	for _, place := range places {
		label := named(first)
		if first.At != nil {
			label = results.Number(place)
			if place < 1000 && place == math.Trunc(place) { // a count, and not a measurement with digits to show
				label = strconv.Itoa(int(place))
			}
		}
		row := []string{label}
		for _, subject := range subjects {
			cell := "–"
			for _, measured := range points[subject] {
				if where(measured) == place {
					cell, rounds = spread(results.Summarize(measured.Values)), max(rounds, len(measured.Values))
				}
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return header, rows, rounds
}

// draw makes one picture: lines where the values are on an axis, bars where they are not.
func draw(t theme, r *results.Result, subjects []string, points map[string][]results.Measurement, log bool) ([]byte, error) {
	p := plot.New()
	paint(p, t)
	first := points[subjects[0]][0]
	p.Title.Text = r.Title
	p.Y.Label.Text = named(first)
	p.Y.Min = 0
	var err error
	if first.At != nil {
		p.X.Label.Text = first.AtUnit
		err = drawLines(p, t, subjects, points, log)
	} else {
		err = drawBars(p, t, subjects, points)
	}
	if err != nil {
		return nil, err
	}
	canvas := vgsvg.New(width, height)
	p.Draw(vgdraw.Crop(vgdraw.New(canvas), margin, -margin, margin, -margin)) // or half of the last number is cut off
	var svg bytes.Buffer
	_, err = canvas.WriteTo(&svg)
	return svg.Bytes(), err
}

// paint gives a plot the colours of a page; the page itself is the background.
func paint(p *plot.Plot, t theme) {
	p.BackgroundColor = color.Transparent
	p.Title.TextStyle.Color = t.ink
	p.Legend.TextStyle.Color = t.ink
	p.Legend.Top, p.Legend.Left = true, true
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color = t.ink
		axis.Label.TextStyle.Color = t.ink
		axis.Tick.Color = t.ink
		axis.Tick.Label.Color = t.ink
	}
	lines := plotter.NewGrid()
	lines.Vertical.Color, lines.Horizontal.Color = nil, t.grid
	p.Add(lines)
}

func drawLines(p *plot.Plot, t theme, subjects []string, points map[string][]results.Measurement, log bool) error {
	for i, subject := range subjects {
		var line plotter.XYs
		for _, measured := range points[subject] {
			line = append(line, plotter.XY{X: where(measured), Y: results.Summarize(measured.Values).Median})
			if log && (line[len(line)-1].X <= 0 || line[len(line)-1].Y <= 0) {
				return fmt.Errorf("%s has a value of 0 or less: it has no place on a logarithmic scale", subject)
			}
		}
		drawn, dots, err := plotter.NewLinePoints(line)
		if err != nil {
			return err
		}
		drawn.Color, dots.Color = t.series[i%len(t.series)], t.series[i%len(t.series)]
		drawn.Width = vg.Points(2)
		drawn.Dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}}[i%3]
		p.Add(drawn, dots)
		p.Legend.Add(subject, drawn, dots)
	}
	if log {
		p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
		p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
		p.Y.AutoRescale, p.X.AutoRescale = true, true
		p.Y.Min = lowest(points)
	}
	return nil
}

func lowest(points map[string][]results.Measurement) float64 {
	var all []float64
	for _, list := range points {
		for _, measured := range list {
			all = append(all, results.Summarize(measured.Values).Median)
		}
	}
	return slices.Min(all)
}

// drawBars draws a bar for each subject, and the spread of its rounds on top.
func drawBars(p *plot.Plot, t theme, subjects []string, points map[string][]results.Measurement) error {
	ends := struct {
		plotter.XYs
		plotter.YErrors
	}{}
	for i, subject := range subjects {
		s := results.Summarize(points[subject][0].Values)
		bar, err := plotter.NewBarChart(plotter.Values{s.Median}, vg.Points(36))
		if err != nil {
			return err
		}
		bar.XMin, bar.Color = float64(i), t.series[0]
		bar.LineStyle.Width = 0
		p.Add(bar)
		ends.XYs = append(ends.XYs, plotter.XY{X: float64(i), Y: s.Median})
		ends.YErrors = append(ends.YErrors, struct{ Low, High float64 }{s.Median - s.Least, s.Most - s.Median})
	}
	bars, err := plotter.NewYErrorBars(ends)
	if err != nil {
		return err
	}
	bars.Color = t.ink
	p.Add(bars)
	p.NominalX(subjects...)
	p.X.Min, p.X.Max = -0.5, float64(len(subjects))-0.5 // the first and the last bar are whole too
	return nil
}
