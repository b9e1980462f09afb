package well

import "testing"

func TestOne(t *testing.T) {}

func TestTwo(t *testing.T) { t.Run("part", func(t *testing.T) {}) }
