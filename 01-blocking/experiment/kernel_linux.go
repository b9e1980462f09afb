package experiment

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes the kernel was handed and has not sent once; -1 if it does not tell.
func unsent(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return -1
	}
	return int(info.Notsent_bytes)
}

// Pin puts this process, and what it starts from now on, on one processor (sched_setaffinity(2)). The call
// counts for one thread, and a new thread takes it over from the one that makes it; so it is made for each
// thread until a look shows no further one.
func Pin(cpu int) error {
	var only unix.CPUSet
	only.Set(cpu)
	for pinned := map[string]bool{}; ; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		news := false
		for _, thread := range threads {
			if pinned[thread.Name()] {
				continue
			}
			id, _ := strconv.Atoi(thread.Name())
			if err := unix.SchedSetaffinity(id, &only); err != nil && err != unix.ESRCH { // it has ended
				return fmt.Errorf("processor %d: %w", cpu, err)
			}
			pinned[thread.Name()], news = true, true
		}
		if !news {
			return nil
		}
	}
}
