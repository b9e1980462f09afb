package audience

import (
	"context"

	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/swarm"
)

// A crowd is the client processes, as their parent sees them. One goroutine uses it.
type crowd struct {
	*children.Crowd[order, report]
	members []*member // by the numbers of the children
}

// A member is one process of clients.
type member struct {
	swarm.Share
	last report // the newest
}

// newCrowd starts a process for every share; share, first client and its part of the kills are filled in here.
func newCrowd(shares []swarm.Share, common assignment) (*crowd, error) {
	total := 0
	for _, share := range shares {
		total += share.Clients
	}
	c := &crowd{}
	var assignments []assignment
	first := 0
	for _, share := range shares {
		c.members = append(c.members, &member{Share: share})
		a := common
		a.Share, a.First = share, first
		a.Kills *= float64(share.Clients) / float64(total)
		first += share.Clients
		assignments = append(assignments, a)
	}
	var err error
	c.Crowd, err = children.Start[assignment, order, report](childVariable, assignments)
	return c, err
}

// order gives every child the same order.
func (c *crowd) order(o order) {
	for number := range c.members {
		c.Order(number, o)
	}
}

// until handles news until something has come about for every child, and calls each after each piece of news. The
// error says that a child died, or it is ctx's.
func (c *crowd) until(ctx context.Context, come func(*report) bool, each func()) error {
	for {
		missing := false
		for _, m := range c.members {
			missing = missing || !come(&m.last)
		}
		if !missing {
			return nil
		}
		select {
		case n := <-c.News:
			if n.End != nil {
				return children.Died(c.members[n.From].Clients, n.End)
			}
			c.members[n.From].last = n.Report
			each()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// total is the sum of a count over all children.
func (c *crowd) total(of func(*report) int) (sum int) {
	for _, m := range c.members {
		sum += of(&m.last)
	}
	return sum
}

// cpu is what the children have used, in seconds, as they have reported it.
func (c *crowd) cpu() (seconds float64) {
	for _, m := range c.members {
		seconds += m.last.CPU
	}
	return seconds
}
