package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// contrast is, for each element that has text of its own and is seen, the ratio of its colour to what is
// behind it, by WCAG 2.2 (section 1.4.3, "relative luminance"); the ones below 4.5 are returned.
const contrast = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const luminance = c => {
		const [r, g, b] = channels(c).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor, [, , , alpha = 1] = channels(c);
			if (alpha > 0) return c;
		}
		return 'rgb(255, 255, 255)';
	};
	const seen = e => e.checkVisibility() && ([...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.matches('input, select'));
	const all = [...document.body.querySelectorAll('*')].filter(seen).map(e => {
		const [a, b] = [luminance(getComputedStyle(e).color), luminance(behind(e))].sort((x, y) => y - x);
		return {what: e.outerHTML.slice(0, 60), ratio: (a + 0.05) / (b + 0.05)};
	});
	return {looked: all.length, low: all.filter(x => x.ratio < 4.5).map(x => x.what + ' ' + x.ratio.toFixed(2))};
})()`

// On a phone nothing is wider than the screen, and in light and in dark everything can be read.
func TestPhonesAndColours(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "2", "-demo")
	s.ask("POST", "/topics/chat", "a word without end: "+fmt.Sprintf("%0200d", 0))
	tab := b.open(s.page)
	tab.await(`document.getElementById('workers').tBodies[0].rows.length > 0 && document.querySelectorAll('#messages li').length > 0 && !document.getElementById('demo').hidden`)
	for _, width := range []int64{320, 360, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			tab.do(chromedp.EmulateViewport(width, 900), emulate(scheme))
			tab.await(fmt.Sprintf(`innerWidth === %d && matchMedia('(prefers-color-scheme: %s)').matches`, width, scheme))
			if wide := value[int64](tab, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("at %d pixels the page is %d wide", width, wide)
			}
			found := value[struct {
				Looked int
				Low    []string
			}](tab, contrast)
			if found.Looked < 30 || len(found.Low) > 0 {
				t.Errorf("%s: of %d texts these have too little contrast: %q", scheme, found.Looked, found.Low)
			}
			tab.picture(fmt.Sprintf("%s-%d", scheme, width))
		}
	}
	b.silent()
}
