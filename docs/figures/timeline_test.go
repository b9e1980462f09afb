package figures

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/trace"
)

// recorded writes the recording of so many clients, of which the first keeps the others waiting, as a file,
// and returns its directory. Each event is a millisecond after the one before.
func recorded(t *testing.T, clients int) string {
	t.Helper()
	now := time.Unix(0, 0)
	r := trace.New(func() time.Time { now = now.Add(time.Millisecond); return now }, 0)
	for range clients {
		r.Connect()
	}
	for range clients {
		c := r.Accept()
		c.Park(trace.ForRead)
		c.Resume()
		c.Read(10)
		c.Write(100)
		c.Close()
	}
	directory := t.TempDir()
	file, err := os.Create(filepath.Join(directory, "run.trace.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := r.Recording(`one <at> "a" time`).Write(file); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestTimeline(t *testing.T) {
	m := New(recorded(t, 2))
	page, err := m.Timeline(block(t, "timeline: run"))
	if err != nil {
		t.Fatal(err)
	}
	// The clock: 1, 2 ms the clients connect; 3 to 8 ms the first is served, 9 to 14 ms the second.
	for _, want := range []string{
		`srcset="pictures/run-timeline-dark.svg"`, `src="pictures/run-timeline-light.svg"`,
		`one &lt;at&gt; &#34;a&#34; time. Of 2 connections, number 1 was carried longest, for 5.00 ms; number 2 waited longest to be accepted, for 7.00 ms.`,
		"| 1 | 1.00 ms | 3.00 ms | 7.00 ms | 8.00 ms | 2.00 ms | 1.00 ms |\n",
		"| 2 | 2.00 ms | 9.00 ms | 13.00 ms | 14.00 ms | 7.00 ms | 1.00 ms |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	for _, theme := range []string{"light", "dark"} {
		svg := m.Files["run-timeline-"+theme+".svg"]
		bars := rectangles(t, svg)[len(looks)-1:] // the legend's are first; nobody here waits for another strand
		// The axis is 14 ms long: 50 pixels for each. Queued, running, waiting, running.
		for _, want := range []string{"90 100", "190 50", "240 50", "290 150", "140 350", "490 50", "540 50", "590 150"} {
			if !slices.Contains(bars, want) {
				t.Errorf("%s: no bar at x and width %s: %q", theme, want, bars)
			}
		}
	}
	if string(m.Files["run-timeline-light.svg"]) == string(m.Files["run-timeline-dark.svg"]) {
		t.Error("the light picture is the dark one")
	}
}

// rectangles are the places and the widths of a picture's bars; the picture must be XML.
func rectangles(t *testing.T, svg []byte) (bars []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return bars
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "rect" {
			continue
		}
		var x, width float64
		for _, attribute := range element.Attr {
			switch attribute.Name.Local {
			case "x":
				fmt.Sscan(attribute.Value, &x)
			case "width":
				fmt.Sscan(attribute.Value, &width)
			}
		}
		bars = append(bars, fmt.Sprintf("%.0f %.0f", x, width))
	}
}

// A wait for another strand looks different, and the legend explains it only where it is.
func TestATimelineTellsTheTwoWaitsApart(t *testing.T) {
	for _, what := range []string{trace.ForRead, trace.ForWake} {
		r := trace.New(time.Now, 0)
		c := r.Accept()
		c.Park(what)
		c.Resume()
		lanes := r.Recording("").Lanes()
		picture := string(drawTimeline(themes[0], r.Recording(""), lanes))
		words, colour := "waits for another", hex(themes[0].series[3])
		want := 0
		if what == trace.ForWake {
			want = 1
		}
		if strings.Contains(story(lanes), "waited longest for another strand") != (want == 1) {
			t.Errorf("a wait for %s is told so: %s", what, story(lanes))
		}
		if strings.Count(picture, words) != want || strings.Count(picture, colour) != 2*want {
			t.Errorf("a wait for %s:\n%s", what, picture)
		}
	}
}

func TestATimelineShowsWhatFitsAndCountsTheRest(t *testing.T) {
	m := New(recorded(t, mostLanes+3))
	page, err := m.Timeline(block(t, "timeline: run"))
	if err != nil {
		t.Fatal(err)
	}
	svg := string(m.Files["run-timeline-light.svg"])
	if !strings.Contains(svg, ">and 3 further connections<") || strings.Contains(svg, fmt.Sprintf(">%d</text>", mostLanes+1)) {
		t.Errorf("not %d lanes and 3 further ones:\n%s", mostLanes, svg)
	}
	if !strings.Contains(page, fmt.Sprintf("\n| %d |", mostLanes+3)) {
		t.Error("the table lacks the connections that the picture has no room for")
	}
}

func TestTimelineComplains(t *testing.T) {
	m := New(recorded(t, 0))
	for marker, want := range map[string]string{
		"timeline:":                  "a timeline is RECORDING",
		"timeline: ../run":           "a timeline is RECORDING",
		"timeline: nowhere":          "nowhere.trace.json",
		"timeline: run":              "nothing was recorded",
		"timeline: run scale=log":    `"scale" is no option`,
		"timeline: run another.json": "a timeline is RECORDING",
	} {
		if _, err := m.Timeline(block(t, marker)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", marker, err, want)
		}
	}
}
