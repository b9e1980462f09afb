//go:build darwin || freebsd

package main

import "fmt"

// The reference, here without epoll, is stage 02: measured twice in each round, under two names.
var reference = []subject{
	{name: "selectors", command: "{bin}/selectors -app {app} -addr {addr}"},
	{name: "selectors-again", command: "{bin}/selectors -app {app} -addr {addr}"},
}

var deferred []subject // of a floor that is not there

func (c *control) floor() error {
	return fmt.Errorf("%w: -server floor is epoll in raw system calls, which only Linux has: choose net-http", errUsage)
}
