package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// texts are what the messages of a tab say, in order.
func (t *tab) texts() []string {
	t.Helper()
	return value[[]string](t, `[...document.querySelectorAll('#messages li')].map(li => li.lastChild.textContent)`)
}

// say sends a chat message, as a person does, and returns when it is in this tab's list.
func (t *tab) say(text string) {
	t.Helper()
	t.do(chromedp.SendKeys(chromedp.CSS("#text"), text+kb.Enter))
	t.await(fmt.Sprintf(`document.getElementById('messages').lastElementChild?.lastChild.textContent === %q`, text))
}

// Two tabs talk, one by a stream and one by long polls; a third comes late. The workers are exchanged in the
// middle, twice. Everybody has everything, once, in one order.
func TestChatOverAReload(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "2", "-drain-window", "200ms")
	one, two := b.open(s.page), b.open(s.page)
	two.do(chromedp.SetValue(chromedp.CSS("#transport"), "poll"),
		chromedp.Evaluate[chromedp.Void](`document.getElementById('transport').dispatchEvent(new Event('change'))`))
	for _, tab := range []*tab{one, two} {
		tab.await(`document.getElementById('chat-state').textContent === 'live'`)
	}
	var want []string
	for round := range 3 {
		for i := range 4 {
			from := []*tab{one, two}[i%2]
			text := fmt.Sprintf("round %d, <b>message</b> %d", round, i)
			want = append(want, text)
			from.say(text)
		}
		if round < 2 {
			s.reload()
		}
	}
	s.ask("POST", "/topics/chat", "from a shell")
	want = append(want, "from a shell")
	three := b.open(s.page)
	for i, tab := range []*tab{one, two, three} {
		tab.await(fmt.Sprintf(`document.querySelectorAll('#messages li').length >= %d`, len(want)))
		if d := cmp.Diff(want, tab.texts()); d != "" {
			t.Errorf("tab %d (-want +got): %s", i+1, d)
		}
	}
	b.silent()
}

// A tab that is not seen gives its connections back, and has missed nothing when it is seen again.
func TestAHiddenTab(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "1")
	tab := b.open(s.page, first(`window.sources = []; window.EventSource = class extends EventSource {
		constructor(url) { super(url); sources.push(this); }
	}`))
	look := func(hidden bool, open int) {
		t.Helper()
		value[bool](tab, fmt.Sprintf(`Object.defineProperty(document, 'hidden', {value: %v, configurable: true}) && document.dispatchEvent(new Event('visibilitychange'))`, hidden))
		tab.await(fmt.Sprintf(`sources.filter(s => s.readyState === EventSource.OPEN).length === %d`, open))
	}
	s.ask("POST", "/topics/chat", "while it was there")
	tab.await(`document.querySelectorAll('#messages li').length === 1`)
	for round := range 2 {
		look(true, 0)
		s.await("nobody listens", `"listening":0,"streams":0,`)
		s.ask("POST", "/topics/chat", fmt.Sprint("while it was away ", round))
		look(false, 2)
	}
	tab.await(`document.querySelectorAll('#messages li').length >= 3`)
	if d := cmp.Diff([]string{"while it was there", "while it was away 0", "while it was away 1"}, tab.texts()); d != "" {
		t.Error("messages (-want +got):", d)
	}
	b.silent()
}

// first runs a script in the page before its own.
func first(script string) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	})
}

// The page says where messages are missing.
func TestAReset(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "1", "-history", "2")
	for i := range 4 {
		s.ask("POST", "/topics/chat", strconv.Itoa(i))
	}
	tab := b.open(s.page)
	tab.await(`document.querySelectorAll('#messages li').length === 3`)
	if d := cmp.Diff([]string{"— older messages are not kept —", "2", "3"}, tab.texts()); d != "" {
		t.Error("messages (-want +got):", d)
	}
	b.silent()
}

// The demo, started with the keyboard alone: from the top of the page with the tab key to what is wanted,
// and each thing on the way can be seen to have the focus.
func TestTheDemoByKeyboard(t *testing.T) {
	const clients = 150
	b := startBrowser(t)
	s := startServer(t, "-workers", "2", "-demo")
	tab := b.open(s.page)
	tab.await(`!document.getElementById('demo').hidden && document.getElementById('workers').tBodies[0].rows.length === 2`)
	reach := func(what string) {
		t.Helper()
		const most = 20 // things that can have the focus; the page has fewer
		for range most {
			tab.do(chromedp.KeyEvent(kb.Tab))
			if ring := value[string](tab, `getComputedStyle(document.activeElement).outlineStyle`); ring != "solid" {
				t.Errorf("%s has the focus, and its outline is %s", value[string](tab, `document.activeElement.outerHTML`), ring)
			}
			if value[bool](tab, fmt.Sprintf(`document.activeElement.matches(%q)`, what)) {
				return
			}
		}
		t.Fatalf("the tab key does not lead to %s", what)
	}
	reach("#text")
	tab.do(chromedp.KeyEvent("typed" + kb.Enter))
	tab.await(`document.querySelectorAll('#messages li').length === 1`)
	reach("#clients")
	tab.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.Modifier(2))), chromedp.KeyEvent(strconv.Itoa(clients))) // 2: control
	reach("#demo-form button")
	tab.do(chromedp.KeyEvent(kb.Enter))
	tab.await(`/right|lost/.test(document.getElementById('demo-says').textContent)`)
	if says := value[string](tab, `document.getElementById('demo-says').textContent`); says[:len("150 clients: ")] != "150 clients: " || says[len(says)-len("Every answer was right."):] != "Every answer was right." {
		t.Errorf("the demo says %q", says)
	}
	// Of the chat's message this page's own stream was told, beside the swarm.
	tab.await(fmt.Sprintf(`[...document.getElementById('workers').tBodies[0].rows].reduce((n, row) => n + Number(row.cells[4].textContent), 0) === %d`, clients+1))
	tab.await(`document.querySelector('#fan .bar') && document.getElementById('fan-times').textContent.endsWith('151 clients woken.')`)
	tab.await(`Number(document.getElementById('woken').textContent) === 0`) // the rate falls again
	tab.picture("after-the-demo")
	b.silent()
}

// The numbers follow what happens.
func TestTheCountersMove(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "2")
	tab := b.open(s.page)
	tab.await(`document.getElementById('listening').textContent === '1'`)
	answers := make(chan string, 3)
	for range 3 {
		go func() { _, body := s.ask("GET", "/wait", ""); answers <- body }()
	}
	tab.await(`document.getElementById('waiting').textContent === '3'`)
	s.ask("POST", "/notify", "")
	for range 3 {
		if body := <-answers; body != "3" {
			t.Errorf("a waiter was told %q", body)
		}
	}
	tab.await(`Number(document.getElementById('woken').textContent) > 0`)
	tab.await(`document.getElementById('waiting').textContent === '0'`)
	tab.await(`Number(document.getElementById('most').textContent) >= 4`)
	if !value[bool](tab, `document.getElementById('demo').hidden`) {
		t.Error("the page offers a demo, and the server was started without -demo")
	}
	b.silent()
}

// picture keeps what a tab shows, for the eyes of who changes the page, where C10K_PICTURES names a directory.
func (t *tab) picture(name string) {
	dir := os.Getenv("C10K_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(t.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

func emulate(scheme string) action {
	return set(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}
