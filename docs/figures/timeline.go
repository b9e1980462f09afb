package figures

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/c10k/01-blocking/trace"
	"example.com/c10k/docs/chapter"
)

// mostLanes is how many connections a timeline shows: what fits on a page and can be told apart. The others
// are counted below it.
const mostLanes = 40

// Timeline makes a picture of a recorded run, docs/results/NAME.trace.json: a lane for each connection, with
// its waits. Below it, folded, stands a table with the same times.
func (m *Maker) Timeline(b *chapter.Block) (string, error) {
	if err := b.Known(); err != nil {
		return "", err
	}
	if len(b.Args) != 1 || filepath.Base(b.Args[0]) != b.Args[0] {
		return "", errors.New("a timeline is RECORDING: the file in docs/results, without .trace.json")
	}
	file, err := os.Open(filepath.Join(m.directory, b.Args[0]+".trace.json"))
	if err != nil {
		return "", err
	}
	defer file.Close()
	r, err := trace.ReadRecording(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(file.Name()), err)
	}
	lanes := r.Lanes()
	if len(lanes) == 0 {
		return "", fmt.Errorf("%s: nothing was recorded", filepath.Base(file.Name()))
	}
	name := b.Args[0] + "-timeline"
	for _, t := range themes {
		m.Files[name+"-"+t.name+".svg"] = drawTimeline(t, r, lanes)
	}
	return fmt.Sprintf(`<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/%[1]s-dark.svg">
  <img src="pictures/%[1]s-light.svg" alt="%[2]s">
</picture>

<details><summary>The times of this picture</summary>

%[3]s
</details>`, name, html.EscapeString(r.Title+". "+story(lanes)+" The table below has the same times."), times(r, lanes)), nil
}

// story is what the picture shows, in a sentence.
func story(lanes []*trace.Lane) string {
	queue, strand, parked := lanes[0], lanes[0], lanes[0]
	for _, l := range lanes {
		if queued(l) > queued(queue) {
			queue = l
		}
		if carried(l) > carried(strand) {
			strand = l
		}
		if forAnother(l) > forAnother(parked) {
			parked = l
		}
	}
	text := fmt.Sprintf("Of %d connections, number %d was carried longest, for %s", len(lanes), strand.Connection, span(carried(strand)))
	if d := queued(queue); d > 0 {
		text += fmt.Sprintf("; number %d waited longest to be accepted, for %s", queue.Connection, span(d))
	}
	if d := forAnother(parked); d > 0 {
		text += fmt.Sprintf("; number %d waited longest for another strand, for %s", parked.Connection, span(d))
	}
	return text + "."
}

// forAnother is how long a connection's strand waited for somebody else than its client.
func forAnother(l *trace.Lane) (sum time.Duration) {
	for _, s := range l.Spans {
		if s.State == trace.Waiting && s.For == trace.ForWake {
			sum += s.To - s.From
		}
	}
	return sum
}

func queued(l *trace.Lane) time.Duration { return in(l, trace.Queued) }

func carried(l *trace.Lane) time.Duration { return in(l, trace.Running) + in(l, trace.Waiting) }

// in is how long a connection was in a state.
func in(l *trace.Lane, state trace.State) (sum time.Duration) {
	for _, s := range l.Spans {
		if s.State == state {
			sum += s.To - s.From
		}
	}
	return sum
}

func span(d time.Duration) string {
	if d == trace.Never {
		return "–"
	}
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// times is the table: all lanes, whether they are drawn or not.
func times(r *trace.Recording, lanes []*trace.Lane) string {
	var rows [][]string
	for _, l := range lanes {
		rows = append(rows, []string{fmt.Sprint(l.Connection), span(l.Connected), span(l.Accepted), span(l.Answered), span(l.Closed),
			span(queued(l)), span(in(l, trace.Waiting))})
	}
	text := grid([]string{"connection", "connected at", "accepted", "first answer", "closed", "in the queue for", "its strand waited for"}, rows)
	if r.Dropped > 0 {
		text += fmt.Sprintf("\n*%d later events are not in the recording: it keeps the first.*\n", r.Dropped)
	}
	return text
}

// Sizes of a timeline, in pixels of the picture.
const (
	laneHeight  = 14
	barHeight   = 8
	labels      = 40 // for the numbers of the connections
	plotWidth   = 700
	above       = 44  // the title and the legend
	axisRoom    = 36  // the axis
	leastWidth  = 1.0 // of a bar, or what is quick would not be seen
	pictureWide = labels + plotWidth + 30
)

// A look is how a state is drawn: a colour of the theme, and a height, so that it is told apart without one.
type look struct {
	words  string
	state  trace.State
	wake   bool // of the waits, those for another strand, and not for the client
	colour int  // in theme.series
	height int
}

// looks in the order of the legend.
var looks = []look{
	{"in the listener's queue", trace.Queued, false, 1, 2},
	{"its strand waits", trace.Waiting, false, 0, barHeight},
	{"its strand waits for another", trace.Waiting, true, 3, barHeight - 4},
	{"its strand runs", trace.Running, false, 2, barHeight + 4},
}

// of reports whether a span has this look.
func (l look) of(s trace.Span) bool {
	return s.State == l.state && (s.For == trace.ForWake) == l.wake
}

// seen reports whether a lane has this look.
func (l look) seen(lanes []*trace.Lane) bool {
	return slices.ContainsFunc(lanes, func(lane *trace.Lane) bool { return slices.ContainsFunc(lane.Spans, l.of) })
}

// drawTimeline draws one picture. The page itself is the background.
func drawTimeline(t theme, r *trace.Recording, lanes []*trace.Lane) []byte {
	shown := lanes[:min(len(lanes), mostLanes)]
	bottom := above + laneHeight*len(shown)
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="11" fill="%s">`+"\n",
		pictureWide, bottom+axisRoom, hex(t.ink))
	fmt.Fprintf(&svg, "<title>%s</title>\n<desc>%s</desc>\n", html.EscapeString(r.Title), html.EscapeString(story(lanes)))
	fmt.Fprintf(&svg, `<text x="%d" y="14" font-size="13">%s</text>`+"\n", labels, html.EscapeString(r.Title))
	x := labels
	for _, l := range looks {
		if l.wake && !l.seen(shown) {
			continue // most pictures have none, and their legend need not explain it
		}
		fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="18" height="%d" fill="%s"/><text x="%d" y="34">%s</text>`+"\n",
			x, 30-l.height/2, l.height, hex(t.series[l.colour]), x+23, l.words)
		x += 23 + 7*len(l.words) + 12
	}
	scale := axisOf(&svg, t, last(r, lanes), bottom)
	for i, l := range shown {
		y := above + laneHeight*i + laneHeight/2
		fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="end">%d</text>`+"\n", labels-6, y+4, l.Connection)
		drawLane(&svg, t, l, y, scale)
	}
	if hidden := len(lanes) - len(shown); hidden > 0 {
		fmt.Fprintf(&svg, `<text x="%d" y="%d">and %d further connections</text>`+"\n", labels, bottom+axisRoom-4, hidden)
	}
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// last is the end of the axis: when everything has ended, or when the recording was taken.
func last(r *trace.Recording, lanes []*trace.Lane) time.Duration {
	end := time.Duration(1)
	for _, l := range lanes {
		for _, s := range l.Spans {
			end = max(end, s.To)
		}
	}
	return min(end, max(r.End, 1))
}

// drawLane draws a connection's spans; those that run come last, because they are short and would be hidden.
func drawLane(svg *bytes.Buffer, t theme, l *trace.Lane, y int, scale float64) {
	for _, kind := range looks {
		for _, s := range l.Spans {
			if !kind.of(s) {
				continue
			}
			fmt.Fprintf(svg, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", labels+float64(s.From)*scale, y-kind.height/2,
				max(float64(s.To-s.From)*scale, leastWidth), kind.height, hex(t.series[kind.colour]))
		}
	}
}

// axisOf draws the axis of time below the lanes, and returns pixels for each nanosecond.
func axisOf(svg *bytes.Buffer, t theme, end time.Duration, bottom int) float64 {
	scale := plotWidth / float64(end)
	step := tick(end)
	for at := time.Duration(0); at <= end; at += step {
		x := labels + float64(at)*scale
		fmt.Fprintf(svg, `<path d="M%.1f %dV%d" stroke="%s"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, above, bottom, hex(t.grid), x, bottom+14, at)
	}
	return scale
}

// tick is a round step that gives four to ten of them.
func tick(end time.Duration) time.Duration {
	step := time.Duration(1)
	for ; ; step *= 10 {
		for _, factor := range []time.Duration{2, 5, 10} {
			if end/(step*factor) < 10 {
				return step * factor
			}
		}
	}
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
