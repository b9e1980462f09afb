package swarm

import (
	"context"
	"time"

	"example.com/c10k/05-comet/children"
)

// A crowd is the client processes, as their parent sees them. One goroutine uses it.
type crowd struct {
	*children.Crowd[order, report]
	members []*member // by the numbers of the children
}

// A member is one client process.
type member struct {
	Share
	last    report // the newest counts
	answers []int64
	outcome *outcome // nil until its last report
}

// newCrowd starts a process for every share, and gives each its assignment; Share is filled in here.
func newCrowd(shares []Share, common assignment) (*crowd, error) {
	c := &crowd{}
	var assignments []assignment
	for _, share := range shares {
		c.members = append(c.members, &member{Share: share})
		common.Share = share
		assignments = append(assignments, common)
	}
	var err error
	c.Crowd, err = children.Start[assignment, order, report](childVariable, assignments)
	return c, err
}

// next waits for the next news and enters it, or for a timer (nil: none); it tells whether there was
// news. The error says that a child died, or it is ctx's.
func (c *crowd) next(ctx context.Context, timer <-chan time.Time) (heard bool, err error) {
	select {
	case n := <-c.News:
		return true, c.enter(n)
	case <-timer:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// enter takes news into account. The error says that a child died before its last report.
func (c *crowd) enter(n children.News[report]) error {
	switch m := c.members[n.From]; {
	case n.End != nil && m.outcome == nil:
		m.outcome = &outcome{Lost: m.Clients - len(m.answers)}
		m.outcome.Faults.Add("their client process ended", m.outcome.Lost)
		return children.Died(m.Clients, n.End)
	case n.End != nil: // as it should
	default:
		m.answers = append(m.answers, n.Report.Answers...)
		if n.Report.Outcome != nil {
			m.outcome = n.Report.Outcome
		}
		n.Report.Answers = nil
		m.last = n.Report
	}
	return nil
}

// open lets the children open clients until there are total of them: one child after the other, because
// what they wait for is the server.
func (c *crowd) open(total int) {
	for number, m := range c.members {
		if total <= 0 {
			return
		}
		c.Order(number, order{Open: min(total, m.Clients)})
		total -= m.Clients
	}
}

// finish asks everybody for the last report, and waits for all of them, for some seconds at most.
func (c *crowd) finish() {
	bounded, cancel := context.WithTimeout(context.Background(), children.EndTimeout)
	defer cancel()
	for number, m := range c.members {
		if m.outcome == nil {
			c.Order(number, order{Finish: true})
		}
	}
	for _, m := range c.members {
		for m.outcome == nil {
			if _, err := c.next(bounded, nil); err != nil && bounded.Err() != nil {
				m.outcome = &outcome{Lost: m.Clients}
				m.outcome.Faults.Add("their client process does not report", m.Clients)
			}
		}
	}
}

// done tells whether there is nobody left to wait for.
func (c *crowd) done() bool {
	for _, m := range c.members {
		if m.outcome == nil && m.last.Ended < m.Clients {
			return false
		}
	}
	return true
}

// totals are the counts of all children together.
func (c *crowd) totals() (sum report) {
	for _, m := range c.members {
		sum.Connected += m.last.Connected
		sum.Sent += m.last.Sent
		sum.Ended += m.last.Ended
	}
	return sum
}

// outcomes joins what the children reported at their end.
func (c *crowd) outcomes() (answers []int64, all outcome) {
	for _, m := range c.members {
		answers = append(answers, m.answers...)
		all.add(m.outcome)
	}
	return answers, all
}
