//go:build darwin || freebsd

package poll

var newEpoll func() (Poller, error) // Linux has it
