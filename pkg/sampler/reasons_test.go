package sampler

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of reasons into the documentation")

func TestReasonTable(t *testing.T) {
	const (
		page  = "../../deploy/docs/troubleshooting.md"
		begin = "<!-- reasons: written by make generate -->\n"
		end   = "<!-- end of reasons -->\n"
	)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table between %q and %q", page, begin, end)
	}
	if table == ReasonsMarkdown() {
		return
	}
	if !*update {
		t.Fatalf("the table of reasons in %s is out of date; run: make generate", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+ReasonsMarkdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEachReasonIsExplainedOnce(t *testing.T) {
	seen := map[Reason]bool{}
	for _, row := range explanations() {
		if seen[row.reason] {
			t.Errorf("%s has two rows", row.reason)
		}
		seen[row.reason] = true
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
		failed := (&Error{Reason: reason}).bySentinels()
		if advice := failed.Advice(); !strings.Contains(advice, want) || strings.Contains(advice, "spec.auth") || strings.Contains(advice, "spec.tls") {
			t.Errorf("%s at sentinels advises %q, want %q", reason, advice, want)
		}
		if !strings.HasPrefix(failed.Error(), "at the sentinels: ") {
			t.Errorf("%s at sentinels says %q", reason, failed)
		}
	}
}
