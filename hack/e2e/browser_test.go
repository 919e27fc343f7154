package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// requireChromium makes it a failure that a machine has no browser.
const requireChromium = "REQUIRE_CHROMIUM"

// findChromium returns the path of a browser without a window. Without one the test is left out.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "headless-shell", "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv(requireChromium) != "" {
		t.Fatal("there is no Chromium: run hack/install.sh chromium")
	}
	t.Skip("there is no Chromium on PATH")
	return ""
}

// tab is a page that is open in a browser.
type tab struct {
	ctx  context.Context
	mu   sync.Mutex
	sent []string // the URLs of all requests
	told []string // what the page wrote to the console
}

// drawn is what the page shows of the sample's HPA.
type drawn struct {
	Times                         []float64
	Value, Target, Ready, Desired []*float64
	Time, Live, Readout, About    string
	Events, Numbers               [][]string
}

func openPage(t *testing.T, chromium, at string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.WindowSize(1000, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancelAllocator)
	p := &tab{}
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(p.listen))
	t.Cleanup(cancel)
	p.ctx = ctx
	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}))
	do(t, ctx, chromedp.EmulateViewport(1000, 800), chromedp.Navigate(at))
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.sent = append(p.sent, e.Request.URL)
	case *runtime.EventConsoleAPICalled, *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e)
		p.told = append(p.told, string(text))
	}
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](p *tab, expression string) (T, error) {
	return chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
}

// look reads what is drawn: the arrays that the plots are made of, and the texts beside them.
func (p *tab) look() (drawn, error) {
	const expression = `(() => {
		const section = document.querySelector("section");
		const [value, replicas] = section.plots.map((plot) => plot.data);
		const text = (selector) => section.querySelector(selector).innerText;
		const rows = (selector) => [...section.querySelectorAll(selector + " tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
		const readout = section.querySelector(".readout");
		return {
			Times: value[0], Value: value[1], Target: value[2], Ready: replicas[1], Desired: replicas[2],
			Time: section.querySelector(".time").getAttribute("aria-valuetext"), Live: readout.ariaLive, Readout: readout.innerText, About: text(".about"),
			Events: rows(".events"), Numbers: rows(".numbers"),
		};
	})()`
	d, err := evaluate[drawn](p, expression)
	if err == nil && len(d.Times) == 0 {
		err = errors.New("the page draws nothing yet")
	}
	return d, err
}

func (p *tab) eventually(t *testing.T, within time.Duration, check func(drawn) error) (last drawn) {
	t.Helper()
	eventually(t, within, func(context.Context) error {
		d, err := p.look()
		last = d
		if err != nil {
			return err
		}
		return check(d)
	})
	return last
}
