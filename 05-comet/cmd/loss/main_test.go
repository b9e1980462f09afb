package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/05-comet/swarm"
)

// A client that is away half as long as it waits misses a third, and so on; a rate of nothing is nothing missed.
func TestExpected(t *testing.T) {
	for want, p := range map[float64]pair{
		1.0 / 3: {10, 50 * time.Millisecond},
		0.5:     {20, 50 * time.Millisecond},
		0:       {10, 0},
	} {
		if got := p.expected(); got != want {
			t.Errorf("%v a second, away for %v: %v, not %v", p.rate, p.away, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	var all tally
	all.count([]uint64{3, 5, 8}, []uint64{3, 5, 8})
	all.count([]uint64{3, 5, 8}, []uint64{3, 8, 8, 8})
	if want := (tally{sent: 6, missed: 1, doubled: 2}); all != want {
		t.Errorf("%+v, not %+v", all, want)
	}
}

// serve starts comet for the test.
func serve(t *testing.T) *swarm.ServerProcess {
	t.Helper()
	server, err := swarm.StartServer(t.Context(), conform.Build(t, "../comet")+" -addr {addr} -workers 2", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

var short = options{clients: 20, time: 3 * time.Second}

// With 20 messages a second and 50 ms away, half of them are missed without a cursor; how many exactly is chance.
// With one, none is.
func TestOnlyTheCursorMissesNothing(t *testing.T) {
	got, err := newExperiment(t.Context(), serve(t).URL, short, pair{20, 50 * time.Millisecond}).run()
	if err != nil {
		t.Fatal(err)
	}
	if m := got.missed(); m < 0.2 || m > 0.8 {
		t.Errorf("clients of 2009 missed %.0f %% of %d", 100*m, got.wait.sent)
	}
	if got.cursor.sent < 20*short.clients/2 || got.cursor.missed != 0 || got.cursor.doubled != 0 {
		t.Errorf("with a cursor: %+v", got.cursor)
	}
}

// The count can see what is lost and what is doubled: a proxy takes a message out of one answer, and puts one
// twice into another.
func TestALossIsSeen(t *testing.T) {
	target, err := url.Parse(serve(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	var dropped, doubled atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			var answer struct {
				Epoch  uint64           `json:"epoch"`
				Next   uint64           `json:"next"`
				Events []map[string]any `json:"events"`
			}
			if json.Unmarshal(text, &answer) == nil && len(answer.Events) > 0 && answer.Events[0]["data"] != last {
				switch {
				case dropped.CompareAndSwap(0, 1):
					answer.Events = answer.Events[1:]
				case doubled.CompareAndSwap(0, 1):
					answer.Events = append(answer.Events, answer.Events[0])
				}
				text, _ = json.Marshal(answer)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
			r.Header.Set("Content-Length", strconv.Itoa(len(text)))
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	got, err := newExperiment(t.Context(), proxy.URL, short, pair{20, 50 * time.Millisecond}).run()
	if err != nil {
		t.Fatal(err)
	}
	if got.cursor.missed != 1 || got.cursor.doubled != 1 {
		t.Errorf("one message was dropped and one doubled, and the count is %+v", got.cursor)
	}
}

func TestMistakes(t *testing.T) {
	loss := conform.Build(t, ".")
	for _, test := range []struct {
		args, says string
		status     int
	}{
		{"-rates 0", "above 0", 2},
		{"-rates ten", "above 0", 2},
		{"-away 1h", "up to 10s", 2},
		{"-clients 0", "choose from 1", 2},
		{"-time 1ms", "choose from 1s", 2},
		{"-serve nowhere", "make build", 1},
	} {
		said, err := exec.Command(loss, strings.Fields(test.args)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.status || !strings.Contains(string(said), test.says) {
			t.Errorf("%s: %v, %q", test.args, err, said)
		}
	}
}
