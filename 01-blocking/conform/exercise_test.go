package conform

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// endings is an answer to the exercise, on package net/http, with a fault if it is given one.
type endings struct {
	fault string

	sync.Mutex
	waiters map[chan int]bool
}

func (e *endings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/wait":
		fmt.Fprint(w, e.wait(r))
	case "/notify":
		fmt.Fprint(w, e.notify(func(chan int) bool { return true }))
	default:
		e.Lock()
		defer e.Unlock()
		fmt.Fprint(w, len(e.waiters))
	}
}

func (e *endings) wait(r *http.Request) int {
	news := make(chan int, 10)
	e.Lock()
	e.waiters[news] = true
	e.Unlock()
	var end <-chan time.Time
	if ms, err := strconv.Atoi(r.URL.Query().Get("ms")); err == nil && e.fault != "never-ends" {
		d := time.Duration(ms) * time.Millisecond
		if e.fault == "ends-early" {
			d /= 2
		}
		end = time.After(d)
		if e.fault == "timer-stays" {
			time.AfterFunc(d, func() { e.notify(func(c chan int) bool { return c != news }) })
		}
	}
	select {
	case n := <-news:
		return n
	case <-end:
		if e.fault == "ends-all" {
			e.notify(func(c chan int) bool { return c != news })
		}
	case <-r.Context().Done():
	}
	e.Lock()
	defer e.Unlock()
	if e.fault != "stays-in-the-list" {
		delete(e.waiters, news)
	}
	return 0
}

// notify wakes those who are chosen.
func (e *endings) notify(chosen func(chan int) bool) int {
	e.Lock()
	defer e.Unlock()
	var woken []chan int
	for news := range e.waiters {
		if chosen(news) {
			woken = append(woken, news)
		}
	}
	for _, news := range woken {
		news <- len(woken)
		delete(e.waiters, news)
	}
	return len(woken)
}

// A right answer to the exercise passes, and each wrong one is seen by the cases that are there for it.
func TestExercise(t *testing.T) {
	for _, test := range []struct{ fault, fails string }{
		{"", ""},
		{"never-ends", "exercise/wait-ends exercise/wait-ends-alone exercise/wait-notified-first exercise/wait-left"},
		{"ends-early", "exercise/wait-ends exercise/wait-ends-alone exercise/wait-notified-first exercise/wait-left"},
		{"stays-in-the-list", "exercise/wait-ends"},
		{"ends-all", "exercise/wait-ends-alone"},
		{"timer-stays", "exercise/wait-notified-first exercise/wait-left"},
	} {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&endings{fault: test.fault, waiters: map[chan int]bool{}})
			defer server.Close()
			patience := DefaultPatience
			if test.fault == "never-ends" {
				patience.Wait = time.Second
			}
			all, err := Grade(Target{URL: server.URL, App: "comet", Groups: []string{"exercise"}, Patience: patience})
			if err != nil {
				t.Fatal(err)
			}
			failed := map[string]bool{}
			for result := range all {
				failed[result.Case.Title()] = result.Failure != nil
				if result.Failure != nil && test.fault == "" {
					t.Error(Report(result.Case, result.Failure))
				}
			}
			for _, title := range strings.Fields(test.fails) {
				if !failed[title] {
					t.Errorf("%s does not see it", title)
				}
			}
		})
	}
}
