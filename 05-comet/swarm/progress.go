package swarm

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// A progress tells a person how far a run is. On a terminal one line is written over and over, elsewhere
// (a file, a build's log) there are plain lines, and never more than two a second of either.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	live     int       // characters of the live line that is on the screen
	shown    time.Time // when a status was shown last
}

// progressPause is the least time between two lines of progress.
const progressPause = 500 * time.Millisecond

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, now: time.Now, shown: time.Now()} // a run of less than the pause shows its steps only
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// status says where the run is now, if it is time to.
func (p *progress) status(format string, a ...any) {
	now := p.now()
	if now.Sub(p.shown) < progressPause {
		return
	}
	p.shown = now
	line := "swarm: " + fmt.Sprintf(format, a...)
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(p.live-len(line), 0)))
	p.live = len(line)
}

// say writes a line that stays: a step is done, or something must be known.
func (p *progress) say(format string, a ...any) {
	p.end()
	fmt.Fprintf(p.out, "swarm: "+format+"\n", a...)
}

// end takes the live line away, so that something else can be written.
func (p *progress) end() {
	if p.live > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.live))
		p.live = 0
	}
}

// thousands writes 10000 as 10,000.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// count writes "1 process" and "2 processes".
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return thousands(n) + " " + noun
}
