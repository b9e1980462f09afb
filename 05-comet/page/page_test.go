package page

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/05-comet/hub"
)

// The chart's bounds are the hub's, which /stats does not repeat with every answer.
func TestBounds(t *testing.T) {
	script, err := assets.ReadFile("assets/statistics.js")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`const fanBounds = (\[.*?\])`).FindSubmatch(script)
	if list == nil {
		t.Fatal("statistics.js has no fanBounds")
	}
	var bounds []float64
	if err := json.Unmarshal(list[1], &bounds); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(hub.FanBounds[:], bounds); d != "" {
		t.Error("bounds (-want +got):", d)
	}
}

// Every file has a type, or browsers refuse to use it (nosniff).
func TestTypes(t *testing.T) {
	for name, file := range load() {
		if file.Type == "" {
			t.Errorf("%q has no type: add it to types", name)
		}
	}
}

// A host is this machine only if it says so by number, or as localhost: a name may lead anywhere.
func TestLoopback(t *testing.T) {
	for base, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://127.0.0.2": true, "http://localhost:80": true, "http://[::1]:8080": true,
		"http://127.0.0.1.evil.example": false, "http://localhost.evil.example": false, "http://10.0.0.1": false,
		"http://": false, "http://evil@127.0.0.1/": true, "http://127.0.0.1@evil.example": false,
	} {
		if got := loopback(base); got != want {
			t.Errorf("%s: %v", base, got)
		}
	}
}
