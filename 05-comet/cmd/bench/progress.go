package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A progress tells how far a run is and how long it will take yet: on a terminal in a line that is written
// over, elsewhere in a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	shown    time.Time
	width    int // of the line on the screen
}

// plainPause is between two lines where they pile up.
const plainPause = 10 * time.Second

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, began: time.Now()}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// show tells what is being measured now, as one of so many measurements, of which some are done. They take about
// the same time.
func (p *progress) show(what string, done, all int) {
	p.showShare(what, done, all, float64(done)/float64(max(1, all)))
}

// showShare is show for measurements that do not: share of the time that all take has gone, from 0 to 1.
func (p *progress) showShare(what string, done, all int, share float64) {
	now := time.Now()
	if !p.terminal && now.Sub(p.shown) < plainPause {
		return
	}
	p.shown = now
	left := "how long it takes is known soon"
	if share > 0 {
		gone := now.Sub(p.began)
		left = time.Duration(float64(gone)*(1/share-1)).Round(time.Second).String() + " left"
	}
	line := fmt.Sprintf("bench: %d of %d, %s: %s", done+1, all, left, what)
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(p.width-len(line), 0)))
	p.width = len(line)
}

// say writes a line that stays.
func (p *progress) say(format string, a ...any) {
	p.end()
	fmt.Fprintf(p.out, "bench: "+format+"\n", a...)
}

// end takes the line away.
func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
