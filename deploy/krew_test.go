package deploy

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestKrew makes the archive of this platform, and installs from it as krew does.
func TestKrew(t *testing.T) {
	platform, dir := runtime.GOOS+"-"+runtime.GOARCH, t.TempDir()
	out, err := exec.CommandContext(t.Context(), "../hack/krew.sh", dir, "v1.2.3", "https://example.com/v1.2.3", platform).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object, err := decode([]byte(read(t, filepath.Join(dir, "redis-metrics.yaml"))))
	if err != nil {
		t.Fatal(err)
	}
	plugin := object.(*krewPlugin)
	if plugin.Name != "redis-metrics" || plugin.Spec.Version != "v1.2.3" || len(plugin.Spec.ShortDescription) > 50 {
		t.Errorf("%+v", plugin)
	}
	archive := []byte(read(t, filepath.Join(dir, "redis-metrics-"+platform+".tar.gz")))
	sum := sha256.Sum256(archive)
	found := false
	for _, offered := range plugin.Spec.Platforms {
		labels := offered.Selector.MatchLabels
		if name := labels["os"] + "-" + labels["arch"]; offered.Bin != "kubectl-redis_metrics" || offered.URI != "https://example.com/v1.2.3/redis-metrics-"+name+".tar.gz" {
			t.Errorf("platform %s: %+v", name, offered)
		} else if name == platform {
			found = offered.SHA256 == hex.EncodeToString(sum[:])
		}
	}
	if !found {
		t.Errorf("no platform %s with the checksum of its archive: %+v", platform, plugin.Spec.Platforms)
	}
	files := unpack(t, string(archive), dir)
	if strings.Join(files, " ") != "LICENSE kubectl-redis_metrics kubectl_complete-redis_metrics" {
		t.Errorf("the archive holds %q", files)
	}
	version, err := exec.CommandContext(t.Context(), filepath.Join(dir, "kubectl-redis_metrics"), "version", "--client").CombinedOutput()
	if err != nil || !strings.Contains(string(version), "v1.2.3") {
		t.Errorf("%v: %s", err, version)
	}
	if got, want := read(t, filepath.Join(dir, "kubectl_complete-redis_metrics")), read(t, "../cmd/kubectl-redis_metrics/kubectl_complete-redis_metrics"); got != want {
		t.Errorf("the script of completion is %q", got)
	}
	if out, err := exec.CommandContext(t.Context(), "../hack/krew.sh", dir, "abc123", "https://example.com", platform).CombinedOutput(); err == nil {
		t.Errorf("a version that krew refuses passed:\n%s", out)
	}
}

// unpack writes the files of an archive to a folder, and returns their names.
func unpack(t *testing.T, archive, dir string) (names []string) {
	t.Helper()
	unzipped, err := gzip.NewReader(strings.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if err := os.WriteFile(filepath.Join(dir, header.Name), content, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}
