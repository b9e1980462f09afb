package audience

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/swarm"
)

const (
	// acknowledgedWithin is how long a publisher waits for its acknowledgement.
	acknowledgedWithin = 20 * time.Second

	// straggling is how long a publisher rests after a message in doubt: that may still be on its way, through a
	// worker that is being killed, and must not come after the next one, as the account wants the order kept.
	straggling = 500 * time.Millisecond

	// doubtfulMost bounds how many messages may be in doubt: each is remembered.
	doubtfulMost = 10_000
)

// publishers publish to all series, and know what was acknowledged. Each goroutine has series of its own.
type publishers struct {
	layout
	run, url string
	rate     float64
	size     int
	http     *http.Client

	mu        sync.Mutex
	published []uint64         // acknowledged, by series
	last      []uint64         // the last number tried, by series
	sure      []bool           // that one was acknowledged
	doubtful  map[missing]bool // those that were not
	failed    error            // by an answer that no patience mends
}

func newPublishers(l layout, run, url string, o *Options) *publishers {
	return &publishers{layout: l, run: run, url: url, rate: o.Rate, size: o.Size,
		http:      &http.Client{Timeout: acknowledgedWithin, Transport: &http.Transport{MaxIdleConnsPerHost: l.Publishers}},
		published: make([]uint64, l.series()), last: make([]uint64, l.series()), sure: make([]bool, l.series()),
		doubtful: map[missing]bool{}}
}

// publish publishes at the rate, until ctx ends. A publisher that is late does not hurry afterwards: the rate is
// the most there will be.
func (p *publishers) publish(ctx context.Context) error {
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for number := range p.Publishers {
		all.Go(func() {
			pause := time.Duration(float64(time.Second) * float64(p.Publishers) / p.rate)
			timer := time.NewTimer(rand.N(pause) + 1) // not all at the same moment
			defer timer.Stop()
			for series := number; ; {
				select {
				case <-timer.C:
				case <-ctx.Done():
					return
				}
				timer.Reset(pause)
				if !p.one(series) {
					stop()
					return
				}
				if !p.sure[series] {
					timer.Reset(pause + straggling)
				}
				if series += p.Publishers; series >= p.series() {
					series = number
				}
			}
		})
	}
	all.Wait()
	return p.failed
}

// one publishes the next message of a series, and tells whether to go on. It is not cut off when the time is over:
// its acknowledgement is wanted.
func (p *publishers) one(series int) bool {
	p.mu.Lock()
	p.last[series]++
	m := message{series: series, number: p.last[series], sent: children.Clock()}
	p.mu.Unlock()
	topic, _ := p.topicOf(series)
	doubt, err := p.post(topicName(topic), m.text(p.run, p.size))

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sure[series] = !doubt && err == nil; p.sure[series] {
		p.published[series]++
	} else {
		p.doubtful[missing{series, m.number}] = true
	}
	if err == nil && len(p.doubtful) > doubtfulMost {
		err = fmt.Errorf("more than %d publications were not acknowledged: look at what the server says", doubtfulMost)
	}
	if p.failed == nil {
		p.failed = err
	}
	return err == nil
}

// post sends a text. It is in doubt if no answer came, or one that says to try again; another answer than 200 is
// an error.
func (p *publishers) post(topic, text string) (doubt bool, err error) {
	answer, err := p.http.Post(p.url+"/topics/"+topic, "text/plain; charset=utf-8", strings.NewReader(text))
	if err != nil {
		return true, nil
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, 200))
	answer.Body.Close()
	switch {
	case err != nil || answer.StatusCode >= 500:
		return true, nil
	case answer.StatusCode != http.StatusOK:
		return false, fmt.Errorf("%w: POST /topics/%s is answered %s: %.100s", swarm.ErrUsage, topic, answer.Status, said)
	}
	return false, nil
}

// settle makes sure that the last message of each series was acknowledged, and returns their numbers: that is how
// far everybody must come.
func (p *publishers) settle(ctx context.Context) ([]uint64, error) {
	for series := range p.series() {
		for p.last[series] > 0 && !p.sure[series] {
			if !p.one(series) {
				return nil, p.failed
			}
			if p.sure[series] {
				break
			}
			select {
			case <-time.After(straggling):
			case <-ctx.Done():
				return nil, fmt.Errorf("no publication is acknowledged any more: look at what the server says (%w)", ctx.Err())
			}
		}
	}
	return p.last, nil
}

// counts are how many messages were acknowledged, and how many are in doubt, up to now.
func (p *publishers) counts() (published, doubtful int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.published {
		published += int(n)
	}
	return published, len(p.doubtful)
}
