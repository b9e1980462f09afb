package browser

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for an event before it gives up.
const patience = 40 * time.Second

// A browser is a Chromium of this test's own.
type browser struct {
	*testing.T
	ctx context.Context

	mutex      sync.Mutex
	complaints []string
}

// startBrowser skips the test where there is no Chromium.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("the page is tested in Chromium, and there is none: install the package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // which root may not have, and the page is ours
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, stop := context.WithTimeout(t.Context(), 3*patience)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx); cancel(); end(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	return &browser{T: t, ctx: ctx}
}

// An action is a step of which only the end matters.
type action = chromedp.Action[chromedp.Void]

// set is a command of the protocol as a step.
func set[P any](command cdp.Command[P, cdp.Empty], what P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, what)
		return err
	})
}

// A tab shows a page.
type tab struct {
	*browser
	ctx context.Context
}

// open opens a window for a page: a tab beside others would be hidden, and the page rests then. Actions come
// before the page is loaded.
func (b *browser) open(url string, before ...action) *tab {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(b.listen))
	b.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the window lives as long as the context of this
		b.Fatal(err)
	}
	t := &tab{b, ctx}
	t.do(set(log.Enable, cdp.Empty{}))
	t.do(before...)
	t.do(chromedp.Navigate(url))
	return t
}

// listen keeps what a page complained of: exceptions that nobody caught, console.error, and what the
// browser itself reports, such as a file that is not there or what the policy forbids.
func (b *browser) listen(event any) {
	complaint := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = fmt.Sprintf("%+v", *e.ExceptionDetails)
		if e.ExceptionDetails.Exception != nil {
			complaint = e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			complaint = "console: "
			for _, a := range e.Args {
				complaint += fmt.Sprint(string(a.Value), a.Description, " ")
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			complaint = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if complaint != "" {
		b.mutex.Lock()
		b.complaints = append(b.complaints, complaint)
		b.mutex.Unlock()
	}
}

// silent fails the test if a page complained.
func (b *browser) silent() {
	b.Helper()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, c := range b.complaints {
		b.Error("the browser says: ", c)
	}
}

func (t *tab) do(actions ...action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// value is that of a JavaScript expression in the page.
func value[T any](t *tab, expression string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression is true in the page. It is looked at with every picture that would be
// shown.
func (t *tab) await(expression string) {
	t.Helper()
	met := value[bool](t, fmt.Sprintf(`new Promise(tell => {
		const end = performance.now() + %d;
		const look = () => (%s) ? tell(true) : performance.now() > end ? tell(false) : requestAnimationFrame(look);
		look();
	})`, patience.Milliseconds()/2, expression), chromedp.EvalAwaitPromise)
	if !met {
		t.Fatalf("it never came about that %s; the page says: %s", expression, value[string](t, "document.body.innerText"))
	}
}
