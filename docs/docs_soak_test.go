//go:build soak

package docs

import "testing"

// TestSoakTranscripts runs the transcripts that take long.
func TestSoakTranscripts(t *testing.T) { replay(t, true) }
