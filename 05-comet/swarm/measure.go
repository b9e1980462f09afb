package swarm

import (
	"fmt"

	"example.com/c10k/05-comet/usage"
)

// cost is what the run cost the server: from before, to everybody parked, to after.
func cost(before, parked, after usage.Usage, clients int) (*Server, string) {
	user, system := after.Since(before)
	server := &Server{User: user.Seconds(), System: system.Seconds(), Processes: after.Processes}
	for _, u := range []usage.Usage{before, parked} {
		if u.MemoryUnknown != nil {
			return server, fmt.Sprintf("the server's memory is unknown (%v): run swarm as the server's user", u.MemoryUnknown)
		}
	}
	server.MemoryBefore, server.MemoryParked = before.Memory, parked.Memory
	server.PerClient = float64(parked.Anonymous-before.Anonymous) / float64(clients)
	return server, ""
}
