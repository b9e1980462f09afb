package main

import (
	"os"
	"strconv"
	"strings"
)

// processor is the model's name: of the first processor, as all are alike where this is run.
func processor() string {
	name := field("/proc/cpuinfo", "model name")
	if name == "" {
		name = field("/proc/cpuinfo", "CPU implementer") // ARM has numbers only
	}
	return name
}

// memory is all there is, in bytes.
func memory() int64 {
	kilobytes, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, _ := strconv.ParseInt(kilobytes, 10, 64)
	return n << 10
}

// backlogLimit is where the kernel cuts every backlog; 0 if unknown.
func backlogLimit() int {
	text, _ := os.ReadFile("/proc/sys/net/core/somaxconn")
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

// loadAverage is of the last minute, in runnable processes; "" if unknown.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// field finds the first "name : value" in a file of /proc.
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
