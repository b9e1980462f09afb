package unwell

import "testing"

func TestFine(t *testing.T) { t.Log("nobody needs to read this") }

func TestUnwell(t *testing.T) { t.Error("got 3 answers, want 4") }
