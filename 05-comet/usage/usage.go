// Package usage reads what a server's processes have used: CPU time and memory of one process and of all
// its descendants, together, because a server may be a master with workers.
//
// The CPU time of a living process is exact, to the nanosecond, and that of threads which have ended is in
// it. How it divides into user and system time is sampled by the kernel at each of its ticks (a few
// milliseconds), so over a short time that is an estimate. [Usage.Since] takes care of both.
//
// What this package does not do: it knows nothing of other machines and of containers beside this one, and
// it asks nobody's leave: the memory of another user's process stays unknown, and that is said.
package usage

import "time"

// A Usage is what a process and its descendants have used since they began, and what they hold now.
type Usage struct {
	Memory        int64 // bytes; pages shared by n processes count for 1/n with each (Pss, proc_pid_smaps(5))
	Anonymous     int64 // of these, what is no file's: data and stacks, not the program's text
	MemoryUnknown error // why the two are not all of it; nil if they are
	Processes     int   // alive

	cpu          time.Duration // all CPU time, as exactly as the system tells it
	user, system time.Duration // the samples from which the division is known
}

// Since returns the CPU time used between an earlier reading and this one.
func (u Usage) Since(earlier Usage) (user, system time.Duration) {
	cpu := u.cpu - earlier.cpu
	user, system = u.user-earlier.user, u.system-earlier.system
	if sampled := user + system; sampled > 0 {
		user = time.Duration(float64(cpu) * float64(user) / float64(sampled))
	} else {
		user = cpu // shorter than a tick: nothing is known of the division
	}
	return user, cpu - user
}
