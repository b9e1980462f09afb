package figures

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/docs/chapter"
)

// block reads one marker as a chapter has it.
func block(t *testing.T, marker string) *chapter.Block {
	t.Helper()
	kind, _, _ := strings.Cut(marker, ":")
	text := "x <!-- " + marker + " --><!-- /" + kind + " -->"
	if kind != "figure" {
		text = "<!-- " + marker + " -->\n<!-- /" + kind + " -->"
	}
	page, err := chapter.Parse(text)
	if err != nil || len(page.Blocks) != 1 {
		t.Fatalf("%s: %v, %d blocks", marker, err, len(page.Blocks))
	}
	return page.Blocks[0]
}

func TestFigure(t *testing.T) {
	m := New("../results/testdata")
	for marker, want := range map[string]string{
		"figure: hello coroutines cpu":                  "6.60 µs",
		"figure: hello coroutines memory":               "5,500 bytes",
		"figure: hello coroutines/floor cpu":            "1.10 ×",
		"figure: hello coroutines/floor cpu spread=yes": "1.10 (1.05–1.10) ×",
		"figure: hello poll wait at=10000":              "880 µs",
		"figure: hello poll/epoll wait at=10000":        "725 ×",
	} {
		if got, err := m.Figure(block(t, marker)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", marker, got, err, want)
		}
	}
}

func TestFigureComplains(t *testing.T) {
	m := New("../results/testdata")
	for marker, want := range map[string]string{
		"figure: hello coroutines":                    "RESULT SUBJECT QUANTITY",
		"figure: hello nobody cpu":                    "no measurement of nobody, cpu; there are",
		"figure: nowhere coroutines cpu":              "nowhere.json",
		"figure: ../testdata/hello coroutines cpu":    "not the name of a file",
		"figure: hello coroutines cpu rounded=yes":    `"rounded" is no option`,
		"figure: hello poll wait at=many":             "is no number",
		"figure: hello coroutines/threads memory":     "no measurement of threads",
		"figure: hello epoll/coroutines wait at=1000": "no measurement of epoll",
	} {
		if _, err := m.Figure(block(t, marker)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", marker, err, want)
		}
	}
}

func TestTable(t *testing.T) {
	got, err := New("../results/testdata").Table(block(t, "table: hello cpu memory over=floor"))
	if err != nil {
		t.Fatal(err)
	}
	want := `|  | cpu, µs | × floor | memory, bytes | × floor |
|---|---:|---:|---:|---:|
| floor | 6.00 (6.00–6.10) | 1.00 (1.00–1.00) | – | – |
| coroutines | 6.60 (6.30–6.71) | 1.10 (1.05–1.10) | 5,500 (5,480–5,510) | – |
| threads | 38.1 (37.5–39.9) | 6.35 (6.15–6.65) | – | – |

*Hello, World! over keep-alive connections: median (least–most) of 3 rounds. ` + "`bin/bench -quick -out results`" +
		` on a fixture's processor, 2 cores, 8192 MiB, linux 6.18.5, go1.26.8, server on CPU 0, wrk -c50 on CPU 1; commit abcdef123456, 2026-01-31.*`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A single round has no spread; below a table stands the largest number of rounds.
func TestRounds(t *testing.T) {
	m := New("testdata")
	if got, err := m.Figure(block(t, "figure: uneven once cpu spread=yes")); err != nil || got != "5.00 µs" {
		t.Errorf("a single round is %q, %v", got, err)
	}
	table, err := m.Table(block(t, "table: uneven cpu"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| thrice | 2.00 (1.00–3.00) |\n", "| once | 5.00 |\n", ": median (least–most) of 3 rounds. "} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}

// The values of a picture stand in the order of its axis, whatever order they were measured in.
func TestTheAxisIsInOrder(t *testing.T) {
	m := New("testdata")
	page, err := m.Chart(block(t, "chart: uneven threads"))
	if err != nil {
		t.Fatal(err)
	}
	want := "| clients | once | others |\n|---|---:|---:|\n| 10 | 14.0 | – |\n| 50 | – | 54.0 |\n| 100 | 104 | – |\n| 1,000 | 1,000 | – |\n"
	if !strings.Contains(page, want) || !strings.Contains(page, ": one round. ") {
		t.Errorf("%q and the number of rounds are not in\n%s", want, page)
	}
	r, err := m.result(block(t, "chart: uneven threads"))
	if err != nil {
		t.Fatal(err)
	}
	var places []float64
	for _, measured := range series(r, "threads", []string{"once"})["once"] {
		places = append(places, where(measured))
	}
	if diff := cmp.Diff([]float64{10, 100, 1000}, places); diff != "" {
		t.Errorf("the line goes from place to place in another order (-want +got):\n%s", diff)
	}
	if text := wellFormed(t, m.Files["uneven-threads-light.svg"]); strings.Contains(text, "threads, threads") {
		t.Error("the unit is said twice")
	}
}

func TestTableComplains(t *testing.T) {
	m := New("../results/testdata")
	for marker, want := range map[string]string{
		"table: hello":                     "RESULT QUANTITY",
		"table: hello speed":               `has "speed"`,
		"table: hello cpu subjects=nobody": `"nobody" is no subject`,
	} {
		if _, err := m.Table(block(t, marker)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", marker, err, want)
		}
	}
}

// TestChart: both pictures are SVG with the title and every subject in them, the page names both, and the
// values stand there as text.
func TestChart(t *testing.T) {
	m := New("../results/testdata")
	for marker, inPicture := range map[string][]string{
		"chart: hello cpu":            {"floor", "coroutines", "threads", "cpu, µs"},
		"chart: hello wait":           {"epoll", "poll", "idle descriptors"},
		"chart: hello wait scale=log": {"epoll", "poll", "idle descriptors"},
	} {
		page, err := m.Chart(block(t, marker))
		if err != nil {
			t.Fatalf("%s: %v", marker, err)
		}
		name := "hello-" + strings.Fields(marker)[2]
		for _, theme := range []string{"light", "dark"} {
			if !strings.Contains(page, "pictures/"+name+"-"+theme+".svg") {
				t.Errorf("%s: the page does not name the %s picture:\n%s", marker, theme, page)
			}
			text := wellFormed(t, m.Files[name+"-"+theme+".svg"])
			for _, want := range append(inPicture, "Hello, World! over") {
				if !strings.Contains(text, want) {
					t.Errorf("%s: %q is not in the %s picture", marker, want, theme)
				}
			}
		}
		if string(m.Files[name+"-light.svg"]) == string(m.Files[name+"-dark.svg"]) {
			t.Errorf("%s: the light and the dark picture are the same", marker)
		}
		if !strings.Contains(page, "<details>") || !strings.Contains(page, "| ") || !strings.Contains(page, `alt="`) {
			t.Errorf("%s: no text alternative:\n%s", marker, page)
		}
	}
}

// wellFormed reads an SVG to its end and returns its text.
func wellFormed(t *testing.T, svg []byte) string {
	t.Helper()
	var text strings.Builder
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
}

func TestLogScaleRefusesZero(t *testing.T) {
	if _, err := New("testdata").Chart(block(t, "chart: zero wait scale=log")); err == nil || !strings.Contains(err.Error(), "logarithmic") {
		t.Errorf("a value of 0 on a logarithmic scale: %v", err)
	}
	if _, err := New("testdata").Chart(block(t, "chart: zero wait")); err != nil {
		t.Errorf("a value of 0 on a linear scale: %v", err)
	}
}
