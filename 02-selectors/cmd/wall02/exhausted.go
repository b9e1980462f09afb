package main

import (
	"bufio"
	"fmt"
	"time"
)

const (
	fewDescriptors = 128 // the server's limit: enough to begin, and soon used up
	tooMany        = 160 // clients; those that are not accepted fit into the queue of the listener

	// enough failed accepts are a spin: one that is paused would need a quarter of an hour.
	enough = 10_000
)

// exhaustion is what came of more clients than descriptors.
type exhaustion struct {
	failed string
	told   string
	rate   float64 // failed accepts in a second; 0: none
}

// exhaust brings more clients than the server has descriptors, and counts what it complains of.
func exhaust(server string) (exhaustion, error) {
	var seen exhaustion
	s, err := start(role{server: server, poller: "-", few: true})
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	refused := 0
	for range tooMany {
		c, err := dial(s.address())
		if err != nil {
			return seen, err
		}
		defer c.Close()
		if server == "forgetful" {
			continue // it answers those whom it accepts; the others wait
		}
		if err := ask(c, "/"); err != nil {
			return seen, err
		}
		status, err := readAnswer(bufio.NewReader(c))
		if err != nil {
			return seen, err
		}
		if status == 503 {
			refused++
			c.Close() // or the server would wait for that
		}
	}
	if server != "forgetful" {
		s.said.Lock()
		defer s.said.Unlock()
		seen.failed = fmt.Sprint(s.said.lines - 1) // but for "listening on"
		seen.told = fmt.Sprintf("%d are told 503", refused)
		return seen, nil
	}
	before := 0
	s.said.until(func(_ string, lines int) bool { before = lines; return lines > 1 }) // the first is "listening on"
	begun := time.Now()
	if !s.said.until(func(_ string, lines int) bool { return lines-before >= enough }) {
		return seen, fmt.Errorf("%s does not spin: it failed to accept less than %d times in %v", server, enough, patience)
	}
	took := time.Since(begun)
	seen.rate = enough / took.Seconds()
	seen.failed = fmt.Sprintf("%d in %d ms", enough, took.Milliseconds())
	seen.told = "wait, and hear nothing"
	return seen, nil
}
