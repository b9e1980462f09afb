package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A moment is what clocks say: the one on the wall, and those of this process.
type moment struct {
	wall         time.Time
	user, system time.Duration
}

func now() moment {
	u := ownUsage()
	return moment{time.Now(), time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}
}

// since is what was used from an earlier moment to this one.
func (m moment) since(earlier moment) used {
	return used{m.wall.Sub(earlier.wall), m.user - earlier.user, m.system - earlier.system}
}

// used is a time as time(1) tells it: of this process, all threads, the garbage collector's among them.
type used struct{ wall, user, system time.Duration }

func (u used) plus(v used) used { return used{u.wall + v.wall, u.user + v.user, u.system + v.system} }

func (u used) total() time.Duration { return u.user + u.system }

// share is which part of the processor time is the program's own, in percent.
func (u used) share() float64 {
	return 100 * float64(u.user) / float64(max(1, u.user+u.system))
}

// peak is the most memory that was resident at any time, in bytes.
func peak() int64 {
	resident := int64(ownUsage().Maxrss)
	if runtime.GOOS == "darwin" { // bytes there, and KiB elsewhere (getrusage(2))
		return resident
	}
	return resident << 10
}

func ownUsage() (u unix.Rusage) {
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic("oneprocess: getrusage failed, which no argument given here can cause: " + err.Error())
	}
	return u
}
