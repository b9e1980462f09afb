//go:build linux || freebsd

package prefork

import "golang.org/x/sys/unix"

// socketPair makes the two ends of a link. Neither is inherited by accident: a link that a stranger has a
// copy of does not end when it should.
func socketPair() (ours, theirs int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return pair[0], pair[1], err
}
