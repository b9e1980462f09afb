//go:build unix

package transcript

import (
	"os/exec"
	"syscall"
)

// group makes a command the head of a process group, so that endGroup ends what it started, and nothing else.
func group(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func endGroup(c *exec.Cmd) { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
