//go:build soak

package sim_test

import (
	"os"
	"testing"
	"time"
)

// number is how many seeds a test runs when there is time.
func number() int {
	switch {
	case *many > 0:
		return *many
	case brief():
		return 2_000
	}
	return 20_000
}

// brief reports whether make soak was given less than a minute for each long test (SOAK=10s).
func brief() bool {
	d, err := time.ParseDuration(os.Getenv("C10K_SOAK"))
	return err == nil && d < time.Minute
}

func TestSoakSeeds(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"TestBytesArriveWhateverHappens": TestBytesArriveWhateverHappens,
		"TestEveryAnswerIsRight":         TestEveryAnswerIsRight,
		"TestALongAnswerIsWholeOrCutOff": TestALongAnswerIsWholeOrCutOff,
		"TestCometLosesNobody":           TestCometLosesNobody,
		"TestWhoLeavesIsNotCounted":      TestWhoLeavesIsNotCounted,
		"TestTheStoryOf2009":             TestTheStoryOf2009,
		"TestTimeoutsComeInTime":         TestTimeoutsComeInTime,
		"TestAWorkerMayBeKilled":         TestAWorkerMayBeKilled,
	} {
		t.Run(name, test)
	}
}
