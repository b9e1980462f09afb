package ab

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	if err := Installed(); err != nil {
		t.Skip(err)
	}
	asked := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		if r.URL.Path == "/gone" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	if rate, err := (Load{Clients: 5, Requests: 200}).Run(server.URL + "/"); err != nil || rate <= 0 || len(asked) != 200 {
		t.Errorf("%v requests a second, %v, and %d arrived", rate, err, len(asked))
	}
	if _, err := (Load{Clients: 5, Requests: 20}).Run(server.URL + "/gone"); err == nil || !strings.Contains(err.Error(), "Non-2xx") {
		t.Errorf("a server that answers 404: %v", err)
	}
	server.Close()
	if _, err := (Load{Clients: 5, Requests: 20}).Run(server.URL + "/"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
}

// The report of ab 2.3, shortened.
const report = `Concurrency Level:      5
Time taken for tests:   0.031 seconds
Complete requests:      200
Failed requests:        0
Requests per second:    6433.21 [#/sec] (mean)
`

func TestRead(t *testing.T) {
	if rate, err := read([]byte(report), "200"); rate != 6433.21 || err != nil {
		t.Errorf("%v, %v", rate, err)
	}
	for name, bad := range map[string]string{
		"some are missing":   strings.Replace(report, "requests:      200", "requests:      199", 1),
		"some have failed":   strings.Replace(report, "requests:        0", "requests:        1", 1),
		"some were refused":  report + "Non-2xx responses:      3\n",
		"the rate is absent": strings.Replace(report, "per second", "per minute", 1),
	} {
		if rate, err := read([]byte(bad), "200"); err == nil {
			t.Errorf("%s: %v requests a second", name, rate)
		}
	}
}
