package main

import (
	"os"
	"strconv"
	"strings"
)

// backlogLimit is where the kernel cuts every backlog; 0 if unknown.
func backlogLimit() int {
	text, _ := os.ReadFile("/proc/sys/net/core/somaxconn")
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}
