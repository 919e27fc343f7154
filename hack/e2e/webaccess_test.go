package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// reload loads the page again, which has no token in its address any more.
func (p *tab) reload(t *testing.T) drawn {
	t.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Location())
	if err != nil || strings.Contains(at, "#") {
		t.Fatalf("the address is %s, %v", at, err)
	}
	do(t, p.ctx, chromedp.Reload())
	return p.eventually(t, 30*time.Second, func(drawn) error { return nil })
}

// noSecret holds that neither the page nor the command shows what must be kept.
func (p *tab) noSecret(t *testing.T, command webCommand) {
	t.Helper()
	page, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => document.documentElement.outerHTML + location.href +
		await (await fetch("readings?from=0", { headers: { Authorization: "Bearer " + sessionStorage.getItem("token") } })).text())()`, chromedp.EvalAwaitPromise))
	if err != nil || !strings.Contains(page, `"readings":[{`) {
		t.Fatalf("the page is %s, %v", page, err)
	}
	command.end()
	output := command.output.String()
	_, ours, _ := strings.Cut(command.url, "#")
	if lines := strings.Count(output, "\n"); lines != 1 || strings.Count(output, ours) != 1 {
		t.Errorf("the command printed %d lines, not one with the URL: %s", lines, output)
	}
	if len(command.token) < 100 {
		t.Fatalf("the kubeconfig has no token")
	}
	for _, secret := range []string{command.token, webPassword, base64.StdEncoding.EncodeToString([]byte(webPassword))} {
		if strings.Contains(page, secret) || strings.Contains(output, secret) {
			t.Error("the page or the command shows what must be kept")
		}
	}
	if strings.Contains(page, ours) {
		t.Error("the page shows its own token")
	}
}

// loopbackOnly holds that all requests of the page went to its own server.
func (p *tab) loopbackOnly(t *testing.T, at string) {
	t.Helper()
	server, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) < 5 {
		t.Errorf("the browser sent %d requests", len(p.sent))
	}
	for _, sent := range p.sent {
		if to, err := url.Parse(sent); err != nil || to.Host != server.Host || to.Scheme != "http" {
			t.Errorf("the page sent a request to %s", sent)
		}
	}
	for _, told := range p.told {
		t.Errorf("the page wrote to the console: %s", told)
	}
}

// newToken holds that an open page works on when its command is started again at the same port, and the address that it
// prints is pasted into the page. Only the fragment of the address differs, so the browser loads nothing by itself.
func (s *fixture) newToken(t *testing.T, p *tab, ended webCommand) {
	t.Helper()
	says := func(want string) {
		t.Helper()
		eventually(t, 30*time.Second, func(context.Context) error {
			state, err := evaluate[string](p, `document.getElementById("state").innerText`)
			if err == nil && !strings.Contains(state, want) {
				err = fmt.Errorf("the page says %q, want %q", state, want)
			}
			return err
		})
	}
	says("may have ended")
	before, err := url.Parse(ended.url)
	if err != nil {
		t.Fatal(err)
	}
	again := s.startWeb(t, ended.kubeconfig, before.Port())
	if again.url == ended.url {
		t.Fatal("the command has the same token again")
	}
	says("Open the address that the command printed")
	if _, err := evaluate[string](p, fmt.Sprintf(`location.href = %q`, again.url)); err != nil {
		t.Fatal(err)
	}
	says("Read namespace " + s.namespace)
	p.eventually(t, 30*time.Second, func(drawn) error { return nil })
	if at, err := chromedp.Run(p.ctx, chromedp.Location()); err != nil || strings.Contains(at, "#") {
		t.Errorf("the address is %s, %v", at, err)
	}
	again.end()
}
