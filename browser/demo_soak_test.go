//go:build soak

package browser

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// The demo as it is offered: ten thousand clients, which the page shows as they arrive and are woken, as a browser on
// a desk and on a phone sees it.
func TestSoakTheDemoWithTenThousand(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "2", "-demo")
	tab := b.open(s.page, chromedp.EmulateViewport(1280, 900), emulate("light"))
	tab.await(`!document.getElementById('demo').hidden && document.getElementById('workers').tBodies[0].rows.length === 2`)
	if offered := value[string](tab, `document.getElementById('clients').value`); offered != "10000" {
		t.Errorf("the page offers %s clients", offered)
	}
	tab.do(chromedp.Click(chromedp.CSS("#demo-form button")))
	tab.await(`Number(document.getElementById('waiting').textContent.replaceAll(',', '')) > 5000`)
	tab.picture("demo-arriving")
	tab.await(`document.getElementById('waiting').textContent === '10,000'`) // the demo holds them for a moment
	tab.picture("demo-waiting")
	tab.await(`/right|lost|wrong|cannot/.test(document.getElementById('demo-says').textContent)`)
	says := value[string](tab, `document.getElementById('demo-says').textContent`)
	t.Log(says)
	if !regexp.MustCompile(`^10000 clients: .* Every answer was right\.$`).MatchString(says) {
		t.Errorf("the demo says %q", says)
	}
	tab.await(`document.getElementById('fan-times').textContent.endsWith('10,000 clients woken.')`)
	for _, width := range []int64{1280, 360} {
		for _, scheme := range []string{"light", "dark"} {
			tab.do(chromedp.EmulateViewport(width, 900), emulate(scheme))
			tab.await(fmt.Sprintf(`innerWidth === %d && matchMedia('(prefers-color-scheme: %s)').matches`, width, scheme))
			if wide := value[int64](tab, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("at %d pixels the page is %d wide", width, wide)
			}
			tab.picture(fmt.Sprintf("demo-%s-%d", scheme, width))
		}
	}
	b.silent()
}
