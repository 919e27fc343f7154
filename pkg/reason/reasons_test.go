package reason

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

func TestReasonTable(t *testing.T) {
	text := "| Reason | Meaning | What to do |\n|---|---|---|\n"
	cell := strings.NewReplacer("|", "\\|").Replace
	for _, row := range table() {
		text += fmt.Sprintf("| `%s` | %s. | %s |\n", row.reason, cell(strings.ToUpper(row.message[:1])+row.message[1:]), cell(cmp.Or(row.advice, "Wait.")))
	}
	pagetest.Table(t, "../../deploy/docs/troubleshooting.md", "reasons", text)
}

func TestEachReasonIsExplainedOnce(t *testing.T) {
	seen := map[Reason]bool{}
	for _, row := range table() {
		if seen[row.reason] {
			t.Errorf("%s has two rows", row.reason)
		}
		seen[row.reason] = true
		if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`).MatchString(string(row.reason)) {
			t.Errorf("%s cannot be the reason of a condition", row.reason)
		}
		if row.message == "" || strings.HasSuffix(row.message, ".") || row.advice != "" && !strings.HasSuffix(row.advice, ".") {
			t.Errorf("%s: the message is a clause and the advice whole sentences, not %q and %q", row.reason, row.message, row.advice)
		}
	}
	for _, reason := range []Reason{NameNotResolved, AuthenticationFailed, Busy, NotCluster, TooManyDials} {
		if !seen[reason] {
			t.Errorf("%s has no row", reason)
		}
	}
}

func TestSentinelsHaveFieldsOfTheirOwn(t *testing.T) {
	for reason, want := range map[Reason]string{
		AuthenticationFailed:       "Write spec.sentinel.auth with",
		ServerCertificateUntrusted: "in spec.sentinel.tls.caSecretRef or spec.sentinel.tls.caConfigMapRef",
		ClientCertificateRefused:   "in spec.sentinel.tls.certificateSecretRef",
		PermissionDenied:           "+sentinel|master, +sentinel|get-master-addr-by-name and +client|setname",
	} {
		failed := (&Error{Reason: reason}).AtSentinels()
		if advice := failed.Advice(); !strings.Contains(advice, want) || strings.Contains(advice, "spec.auth") || strings.Contains(advice, "spec.tls") {
			t.Errorf("%s at sentinels advises %q, want %q", reason, advice, want)
		}
		if !strings.HasPrefix(failed.Error(), "at the sentinels: ") {
			t.Errorf("%s at sentinels says %q", reason, failed)
		}
	}
}
