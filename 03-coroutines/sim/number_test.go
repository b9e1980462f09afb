//go:build !soak

package sim_test

import "testing"

// number is how many seeds a test runs.
func number() int {
	if *many > 0 {
		return *many
	}
	if testing.Short() {
		return 100
	}
	return 1000
}
