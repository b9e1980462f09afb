package main

import (
	"net/netip"

	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/05-comet/swarm"
)

// describe says where and when this run is made, on what, and under which limits.
func describe(load string) measure.Environment {
	e := measure.Here(load)
	if ports := swarm.MachineLimits(netip.MustParseAddr("127.0.0.1")).Ports; ports > 0 {
		e.Limits["ports"] = ports
	}
	if most := backlogLimit(); most > 0 {
		e.Limits["backlog"] = most
	}
	return e
}
