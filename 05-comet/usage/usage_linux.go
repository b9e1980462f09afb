package usage

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of CPU times in /proc/PID/stat: 1/USER_HZ, which is 100 on every Linux of today, whatever
// the kernel's own tick (time(7)).
const tick = time.Second / 100

// Of reads what the process and all its descendants have used up to now. Children that ended and were
// waited for are in their parent's figures, to a tick (cutime and cstime, proc_pid_stat(5)).
func Of(pid int) (Usage, error) {
	var u Usage
	for _, p := range Tree(pid) {
		stat, err := readStat(p)
		if err != nil {
			if p == pid {
				return Usage{}, fmt.Errorf("the process %d cannot be measured (%w): is that the server's pid?", pid, err)
			}
			continue // it ended in this moment: its parent has its figures
		}
		own := clocks(p, stat)
		u.cpu += own.cpu + stat.childUser + stat.childSystem
		u.user += own.user + stat.childUser
		u.system += own.system + stat.childSystem
		u.Processes++
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			u.MemoryUnknown = err
			continue
		}
		u.Memory += kilobytes(string(rollup), "Pss:") << 10
		u.Anonymous += kilobytes(string(rollup), "Pss_Anon:") << 10
	}
	return u, nil
}

// The CPU clocks of a process (clock_getcpuclockid(3)). The number of one is made of the pid's complement,
// shifted by three bits, and of what it counts.
const (
	clockSum  = iota // user and system, sampled
	clockUser        // user, sampled
	clockRun         // what the scheduler let it run: exact
)

// clocks asks the process's CPU clocks, and takes the ticks of its stat where the kernel refuses them.
func clocks(pid int, s stat) Usage {
	var read [3]time.Duration
	for which := range read {
		var at unix.Timespec
		if err := unix.ClockGettime(^int32(pid)<<3|int32(which), &at); err != nil {
			return Usage{cpu: s.user + s.system, user: s.user, system: s.system}
		}
		read[which] = time.Duration(at.Nano())
	}
	return Usage{cpu: read[clockRun], user: read[clockUser], system: read[clockSum] - read[clockUser]}
}

// Tree is pid and all its living descendants, pid first. It asks every process for its parent, because
// /proc/PID/task/TID/children is not in every kernel.
func Tree(pid int) []int {
	parents := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		p, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, err := readStat(p); err == nil {
			parents[stat.parent] = append(parents[stat.parent], p)
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		children := parents[tree[i]]
		slices.SortFunc(children, func(a, b int) int { return cmp.Compare(a, b) })
		tree = append(tree, children...)
	}
	return tree
}

// A stat is what we need of /proc/PID/stat.
type stat struct {
	parent                 int
	user, system           time.Duration
	childUser, childSystem time.Duration // of children that were waited for
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// parseStat reads the line. The second field is the program's name in parentheses, which may itself
// hold spaces and parentheses; so the third begins after the last ")".
func parseStat(text []byte) (stat, error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 { // state, ppid, … cstime: the third to the seventeenth
		return stat{}, fmt.Errorf("%q is no line of /proc/PID/stat", text)
	}
	number := func(nth int) int { // counted as proc_pid_stat(5) does, from 1
		n, _ := strconv.Atoi(string(fields[nth-3]))
		return n
	}
	ticks := func(nth int) time.Duration { return time.Duration(number(nth)) * tick }
	return stat{number(4), ticks(14), ticks(15), ticks(16), ticks(17)}, nil
}

// kilobytes finds "name   123 kB" in a file of /proc; 0 if it is not there.
func kilobytes(text, name string) int64 {
	_, rest, _ := strings.Cut("\n"+text, "\n"+name)
	first, _, _ := strings.Cut(strings.TrimSpace(rest[:min(len(rest), 100)]), " ")
	n, _ := strconv.ParseInt(first, 10, 64)
	return n
}
