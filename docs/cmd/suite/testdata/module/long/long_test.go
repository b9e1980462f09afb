package long

import (
	"fmt"
	"testing"
)

func TestSoakTheReportIsRead(t *testing.T) {
	fmt.Fprintln(t.Output(), "progress: nobody needs to read this")
	t.Run("memory", func(t *testing.T) { t.Log("of it:\nmemory is flat") })
}
