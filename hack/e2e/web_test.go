package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// requireChromium makes it a failure that a machine has no browser.
	requireChromium = "REQUIRE_CHROMIUM"
	// screenshot is what the documentation shows of the page; -update writes it.
	screenshot    = "../../deploy/docs/images/top-web.png"
	maxScreenshot = 150 << 10
	webPassword   = "sesame-web-87"
)

// TestWebPage opens the page of "top --web" in a browser while the HPA scales, and holds what is drawn against the API.
func TestWebPage(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	s := newFixture(t, shared)
	server := redistest.New(t)
	driver := drive(t, server.Addr, 900)
	s.redisWithPassword(t, server)
	s.apply(t, server.Addr, "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 1, scaling)
	served := s.values(t)

	command := s.serveWeb(t)
	tab := openPage(t, chromium, command.url)
	tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 1) })
	driver.SetRate(2500)
	s.awaitReplicas(t, 3, scaling)
	tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 3) })

	// A Redis that hangs is a gap with a reason, never 0.
	server.Signal(syscall.SIGSTOP)
	defer server.Signal(syscall.SIGCONT)
	tab.eventually(t, maxAge+3*interval, func(p drawn) error {
		if p.Value[len(p.Value)-1] != nil || !strings.Contains(p.Readout, "unknown") || !strings.Contains(p.Readout, "more than maxAge 15s") {
			return fmt.Errorf("the value is not unknown: %s", p.Readout)
		}
		return nil
	})
	server.Signal(syscall.SIGCONT)
	driver.SetRate(900)
	s.awaitReplicas(t, 1, scaling+3*15*time.Second)
	last := tab.eventually(t, 30*time.Second, func(p drawn) error { return s.agrees(t, p, 1) })

	first := slices.IndexFunc(last.Value, func(value *float64) bool { return value != nil })
	if slices.Index(last.Value[first:], nil) < 0 {
		t.Error("there is no gap among the values")
	}
	for _, value := range last.Value {
		if value != nil && !served.has(*value) {
			t.Errorf("the page draws %v, which the API did not serve", *value)
		}
	}
	s.eventsAreShown(t, last)
	tab.keyboard(t)
	reloaded := tab.reload(t)
	if len(reloaded.Times) < len(last.Times) || reloaded.Times[0] != last.Times[0] {
		t.Errorf("%d readings after a reload, from %v on; before %d, from %v on", len(reloaded.Times), reloaded.Times[0], len(last.Times), last.Times[0])
	}
	tab.colours(t)
	tab.loopbackOnly(t, command.url)
	tab.noSecret(t, command)
}

// redisWithPassword has the adapter sample a server as a user with a password.
func (s *fixture) redisWithPassword(t *testing.T, server *redistest.Server) {
	t.Helper()
	server.Do("acl", "setuser", "metrics", "on", ">"+webPassword, "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	s.kubectl(t, "create", "secret", "generic", "my-redis-auth", "-n", s.namespace, "--from-literal=password="+webPassword)
	s.kubectl(t, "create", "role", "my-redis-auth", "-n", s.namespace, "--verb=get", "--resource=secrets", "--resource-name=my-redis-auth")
	s.kubectl(t, "create", "rolebinding", "my-redis-auth", "-n", s.namespace, "--role=my-redis-auth", "--serviceaccount="+cluster.AdapterName+":"+cluster.AdapterName)
	s.redisOf(t, "my-redis", map[string]any{
		"address": server.Addr,
		"auth":    map[string]any{"username": "metrics", "passwordSecretRef": map[string]any{"name": "my-redis-auth"}},
	}, nil)
}

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

// servedValues are what the API served while a test ran.
type servedValues struct {
	mu     sync.Mutex
	values map[float64]bool
}

func (v *servedValues) has(value float64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.values[value]
}

// values asks the API for the value of the sample's metric several times a second, until the test ends.
func (s *fixture) values(t *testing.T) *servedValues {
	t.Helper()
	served := &servedValues{values: map[float64]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			if list, err := s.ask(ctx, "my-redis", "requests-per-second"); err == nil {
				served.mu.Lock()
				served.values[float64(list.Items[0].Value.MilliValue())/1000] = true
				served.mu.Unlock()
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return served
}

// webCommand is a running "kubectl redis-metrics top --web".
type webCommand struct {
	url    string
	token  string // of the kubeconfig
	output *bytes.Buffer
	end    func() // waits for the whole output
}

// serveWeb runs the command as a service account that may view the namespace.
func (s *fixture) serveWeb(t *testing.T) webCommand {
	t.Helper()
	s.kubectl(t, "create", "serviceaccount", "viewer", "-n", s.namespace)
	s.kubectl(t, "create", "rolebinding", "viewer", "-n", s.namespace, "--clusterrole=view", "--serviceaccount="+s.namespace+":viewer")
	kubeconfig, err := s.KubeconfigForServiceAccount(t.Context(), s.namespace, "viewer")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c := webCommand{output: &bytes.Buffer{}}
	for _, user := range config.AuthInfos {
		c.token = user.Token
	}
	command, err := s.command(t.Context(), kubeconfig, filepath.Join(os.Getenv("BIN_DIR"), "kubectl"),
		"redis-metrics", "top", "--web", "--interval=1s", "-n", s.namespace)
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = c.output
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("top --web printed %q: %v", line, err)
	}
	c.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+/#\w+`).FindString(line)
	c.end = sync.OnceFunc(func() {
		_ = command.Process.Signal(os.Interrupt)
		rest, _ := io.ReadAll(lines)
		if err := command.Wait(); err != nil {
			t.Errorf("top --web: %v: %s", err, c.output)
		}
		c.output.WriteString(line + string(rest))
	})
	t.Cleanup(c.end)
	return c
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

// agrees says how the newest numbers that are drawn differ from what the API says.
func (s *fixture) agrees(t *testing.T, p drawn, replicas int32) error {
	raw, err := s.Kubectl(t.Context(), "get", "--raw", s.path("v1beta2", "my-redis", "requests-per-second"))
	if err != nil {
		return err
	}
	var list v1beta2.MetricValueList
	if err := json.Unmarshal([]byte(raw), &list); err != nil || len(list.Items) != 1 {
		return fmt.Errorf("%s: %w", raw, err)
	}
	served := list.Items[0].Value
	h, _, err := s.hpa(t.Context())
	if err != nil {
		return err
	}
	set, err := s.client.AppsV1().StatefulSets(s.namespace).Get(t.Context(), "app-statefulset", metav1.GetOptions{})
	if err != nil {
		return err
	}
	newest := len(p.Times) - 1
	value, target, ready, desired := p.Value[newest], p.Target[newest], p.Ready[newest], p.Desired[newest]
	if value == nil || target == nil || ready == nil || desired == nil {
		return fmt.Errorf("the newest numbers are not known: %s", p.Readout)
	}
	perReplica := h.Spec.Metrics[0].Object.Target.AverageValue.MilliValue() / 1000
	switch {
	case *value != float64(served.MilliValue())/1000:
		return fmt.Errorf("the value drawn is %v, the API serves %s", *value, served.String())
	case *target != float64(perReplica*int64(h.Status.CurrentReplicas)) || h.Status.CurrentReplicas != replicas:
		return fmt.Errorf("the target drawn is %v, the HPA has %d for each of %d replicas", *target, perReplica, h.Status.CurrentReplicas)
	case *desired != float64(h.Status.DesiredReplicas) || h.Status.DesiredReplicas != replicas:
		return fmt.Errorf("%v desired replicas are drawn, the HPA has %d", *desired, h.Status.DesiredReplicas)
	case *ready != float64(set.Status.ReadyReplicas) || set.Status.ReadyReplicas != replicas:
		return fmt.Errorf("%v ready replicas are drawn, the StatefulSet has %d", *ready, set.Status.ReadyReplicas)
	case !strings.Contains(p.About, "StatefulSet app-statefulset · min 1 · max 5"):
		return fmt.Errorf("the section says %q", p.About)
	}
	return nil
}

// eventsAreShown holds that each Event of the HPA stands in the page.
func (s *fixture) eventsAreShown(t *testing.T, p drawn) {
	t.Helper()
	events, err := s.client.CoreV1().Events(s.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler"})
	if err != nil {
		t.Fatal(err)
	}
	rescaled := 0
	for _, event := range events.Items {
		if event.Reason == "SuccessfulRescale" {
			rescaled++
		}
		if !slices.ContainsFunc(p.Events, func(row []string) bool {
			return row[1] == event.Type && row[2] == event.Reason && row[3] == event.Message
		}) && event.Type == corev1.EventTypeNormal {
			t.Errorf("the page lacks the Event %s: %s", event.Reason, event.Message)
		}
	}
	if rescaled < 2 {
		t.Errorf("the HPA has %d Events of scaling", rescaled)
	}
}

// keyboard uses the page without a mouse: Tab leads to the time of an HPA, arrows move over it, and what they lead to is
// read out.
func (p *tab) keyboard(t *testing.T) {
	t.Helper()
	tabTo := func(selector string) {
		t.Helper()
		for range 20 {
			do(t, p.ctx, chromedp.KeyEvent(kb.Tab))
			there, err := evaluate[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, selector))
			if err != nil {
				t.Fatal(err)
			}
			if there {
				return
			}
		}
		t.Fatalf("Tab does not lead to %s", selector)
	}
	tabTo("section .time")
	for range 5 {
		do(t, p.ctx, chromedp.KeyEvent(kb.ArrowLeft))
	}
	back := p.eventually(t, 10*time.Second, func(d drawn) error {
		if d.Live != "polite" {
			return fmt.Errorf("what the cursor leads to is not read out: aria-live is %q", d.Live)
		}
		return nil
	})
	first := func() drawn {
		do(t, p.ctx, chromedp.KeyEvent(kb.Home))
		return p.eventually(t, 10*time.Second, func(d drawn) error { return nil })
	}()
	clock := func(seconds float64) string { return time.UnixMilli(int64(seconds * 1000)).Format(time.TimeOnly) }
	if back.Time == clock(back.Times[len(back.Times)-1]) || first.Time != clock(first.Times[0]) || !strings.Contains(first.Readout, first.Time) {
		t.Errorf("the cursor stands at %s, then at %s; the first reading is of %s: %s", back.Time, first.Time, clock(first.Times[0]), first.Readout)
	}
	do(t, p.ctx, chromedp.KeyEvent(kb.End))
	p.eventually(t, 10*time.Second, func(d drawn) error {
		if d.Live != "off" || !strings.Contains(d.Readout, "now") {
			return fmt.Errorf("the cursor does not follow the newest reading: %s", d.Readout)
		}
		return nil
	})
	tabTo(".numbers summary")
	do(t, p.ctx, chromedp.KeyEvent(kb.Enter))
	p.eventually(t, 10*time.Second, tableAgrees)
	do(t, p.ctx, chromedp.KeyEvent(kb.Enter))
}

// tableAgrees says how the table differs from the plots.
func tableAgrees(d drawn) error {
	if len(d.Numbers) != len(d.Times) {
		return fmt.Errorf("the table has %d rows, the plots %d readings", len(d.Numbers), len(d.Times))
	}
	for i, row := range d.Numbers {
		at := len(d.Times) - 1 - i // the newest row is the first
		value := "unknown"
		if d.Value[at] != nil {
			value = fmt.Sprint(*d.Value[at])
		}
		if got := strings.ReplaceAll(row[1], ",", ""); got != value && !strings.HasPrefix(got, value+": ") {
			return fmt.Errorf("the table has %s where the plot has %s", row[1], value)
		}
		for column, drawn := range map[int]*float64{3: d.Desired[at], 5: d.Ready[at]} {
			if drawn != nil && row[column] != fmt.Sprint(*drawn) || drawn == nil && !strings.HasPrefix(row[column], "unknown") {
				return fmt.Errorf("the table has %v where the plots have %v", row, drawn)
			}
		}
	}
	return nil
}

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

// colours holds that the page and its plots follow the scheme of the system, and keeps a screenshot of each.
func (p *tab) colours(t *testing.T) {
	t.Helper()
	seen := map[string]string{}
	for _, scheme := range []string{"dark", "light"} {
		do(t, p.ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		colours, err := evaluate[string](p, `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
			...document.querySelector("section").plots.map((plot) => plot.series[1].stroke())].join(" ")`)
		if err != nil {
			t.Fatal(err)
		}
		seen[scheme] = colours
		image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if len(image) > maxScreenshot {
			t.Errorf("the screenshot has %d bytes, want at most %d", len(image), maxScreenshot)
		}
		if pagetest.Updating() {
			file := screenshot
			if scheme == "dark" {
				file = strings.Replace(file, ".png", "-dark.png", 1)
			}
			if err := os.WriteFile(file, image, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	light, dark := strings.Fields(seen["light"]), strings.Fields(seen["dark"])
	if seen["light"] == "" || len(light) != len(dark) || seen["light"] == seen["dark"] {
		t.Errorf("colours %v", seen)
	}
	for i := range light {
		if strings.HasPrefix(light[i], "#") && light[i] == dark[i] {
			t.Errorf("a plot has the colour %s in both schemes", light[i])
		}
	}
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
