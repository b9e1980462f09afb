package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// chooseCores finds a processor for the server and one for the load, which are not two threads of one core if
// that can be had, and confines this process to the second. What it starts inherits that, except through
// onServerCore. If it cannot be, nobody is pinned and the note says so.
func chooseCores() cores {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return cores{note: fmt.Sprintf("server and load wherever the system puts them (sched_getaffinity: %v)", err)}
	}
	var usable []int
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			usable = append(usable, cpu)
		}
	}
	if len(usable) < 2 {
		return cores{note: "server and load on the same processor, as there is no other"}
	}
	c := cores{server: usable[0], load: usable[len(usable)-1], pinned: true}
	siblings := siblingsOf(c.server)
	if apart := slices.IndexFunc(usable, func(cpu int) bool { return !slices.Contains(siblings, cpu) }); apart >= 0 {
		c.load = usable[apart]
		c.note = fmt.Sprintf("server on CPU %d, load on CPU %d", c.server, c.load)
	} else {
		c.note = fmt.Sprintf("server on CPU %d, load on CPU %d, two threads of one core", c.server, c.load)
	}
	if err := confine(c.load); err != nil {
		return cores{note: fmt.Sprintf("server and load wherever the system puts them (sched_setaffinity: %v)", err)}
	}
	return c
}

// siblingsOf lists the threads of a processor's core, itself among them: "0-1" or "0,64".
func siblingsOf(cpu int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
	if err != nil {
		return []int{cpu} // nothing is known: take it for a core
	}
	return parseList(strings.TrimSpace(string(text)))
}

func parseList(text string) (all []int) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		to := from
		if isRange {
			to, _ = strconv.Atoi(last)
		}
		for cpu := from; cpu <= to; cpu++ {
			all = append(all, cpu)
		}
	}
	return all
}

// confine keeps all threads of this process on one processor. Each is asked by itself (sched_setaffinity(2)),
// and a thread that begins meanwhile has its affinity from one of the others: so it is done twice.
func confine(cpu int) error {
	for range 2 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, task := range tasks {
			thread, _ := strconv.Atoi(task.Name())
			if err := unix.SchedSetaffinity(thread, only(cpu)); err != nil && err != unix.ESRCH {
				return err
			}
		}
	}
	return nil
}

func only(cpu int) *unix.CPUSet {
	var set unix.CPUSet
	set.Set(cpu)
	return &set
}

// onServerCore calls start, which starts a process, so that the process runs on the server's processor: it
// inherits the affinity of the thread that forks it.
func (c cores) onServerCore(start func() error) error {
	if !c.pinned {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, only(c.server)); err != nil {
		return fmt.Errorf("cannot put the server on CPU %d: %w", c.server, err)
	}
	defer unix.SchedSetaffinity(0, only(c.load))
	return start()
}
