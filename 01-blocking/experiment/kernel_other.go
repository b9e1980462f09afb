//go:build !linux

package experiment

import "errors"

// unsent is not known here.
func unsent(int) int { return -1 }

// Pin is for Linux only.
func Pin(int) error {
	return errors.New("a process can be put on one processor on Linux only: leave -core away")
}
