package skipping

import "testing"

func TestTool(t *testing.T) { t.Skip("wrk is not installed: apt-get install wrk") }
