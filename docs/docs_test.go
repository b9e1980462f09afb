// Package docs has no code of its own: its test holds the pages of this repository to what they show.
package docs

import (
	"slices"
	"testing"

	"example.com/c10k/docs/arrows"
	"example.com/c10k/docs/book"
	"example.com/c10k/docs/uncached"
)

const root = ".."

func open(t *testing.T) *book.Book {
	t.Helper()
	uncached.Test(t, ".")
	b, err := book.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPages: nothing in the pages is stale, dead, typed by hand or unexplained.
func TestPages(t *testing.T) {
	for _, problem := range open(t).Problems(arrows.Stages) {
		t.Error(problem)
	}
}

// TestTranscripts runs the commands of the chapters again, on this machine and on free ports. The short form leaves
// them out: what they run are programs of their own, which the race detector does not see.
func TestTranscripts(t *testing.T) {
	if !testing.Short() {
		replay(t, false, func() bool { return true })
	}
}

// replay runs the transcripts that are long, or those that are not, for as long as there is time for another.
func replay(t *testing.T, long bool, time func() bool) {
	transcripts, err := open(t).Transcripts()
	if err != nil {
		t.Fatal(err)
	}
	transcripts = slices.DeleteFunc(transcripts, func(recorded *book.Transcript) bool { return recorded.Long != long })
	if err := book.Build(t.Context(), root, transcripts...); err != nil {
		t.Fatal(err)
	}
	for _, recorded := range transcripts {
		if !time() {
			t.Logf("%s and those after it are left to a longer soak", recorded.Name)
			return
		}
		t.Run(recorded.Name, func(t *testing.T) {
			if !long { // each has a shell, servers and ports of its own, and most of its time it waits for them
				t.Parallel()
			}
			if missing := recorded.Missing(); missing != "" {
				t.Skip(missing)
			}
			diff, err := recorded.Replay(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			if diff != "" {
				t.Errorf("what the chapter shows is not what is printed now: mend either, or run make record\n%s", diff)
			}
		})
	}
}
