//go:build soak

package docs

import (
	"os"
	"testing"
	"time"
)

// TestSoakTranscripts runs the transcripts that take long. A soak of less than five minutes begins another only
// within its time; a longer one runs all of them.
func TestSoakTranscripts(t *testing.T) {
	soak, err := time.ParseDuration(os.Getenv("C10K_SOAK"))
	if err != nil || soak <= 0 {
		t.Fatalf("C10K_SOAK=%q: say how long, as in make soak SOAK=1h", os.Getenv("C10K_SOAK"))
	}
	end := time.Now().Add(soak)
	replay(t, true, func() bool { return soak >= 5*time.Minute || time.Now().Before(end) })
}
