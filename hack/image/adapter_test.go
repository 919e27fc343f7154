package image

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// largestImage is what pulling the image may cost, in bytes.
const largestImage = 60 << 20

const version = "v1.2.3-test"

// TestAdapterIsTheDockerfiles reads the Dockerfile's last stage and compares it with the image that is made without it.
func TestAdapterIsTheDockerfiles(t *testing.T) {
	config, copied := lastStage(t)
	image := Adapter("redis-metrics-adapter:dev", "binary", "amd64", version)
	if diff := cmp.Diff(config, image.Config); diff != "" {
		t.Errorf("the image differs from the Dockerfile (-Dockerfile +image):\n%s", diff)
	}
	if got := slices.Sorted(maps.Keys(image.Files)); !slices.Equal(got, copied) {
		t.Errorf("the image holds %q, the Dockerfile copies %q", got, copied)
	}
}

var label = regexp.MustCompile(`(\S+)="([^"]*)"`)

// lastStage returns what the Dockerfile's last stage makes of the image's configuration, and the files that it copies.
// It fails at an instruction that it does not know.
func lastStage(t *testing.T) (v1.Config, []string) {
	t.Helper()
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	_, text, found := strings.Cut(text, "\nFROM scratch\n")
	if !found {
		t.Fatal("the image does not stand on scratch")
	}
	// What a builder gives to every image on scratch.
	config := v1.Config{
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, WorkingDir: "/",
		Labels: map[string]string{}, ExposedPorts: map[string]struct{}{},
	}
	var copied []string
	for line := range strings.Lines(text) {
		name, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "", "#", "ARG":
		case "LABEL":
			for _, pair := range label.FindAllStringSubmatch(argument, -1) {
				config.Labels[pair[1]] = strings.ReplaceAll(pair[2], "${VERSION}", version)
			}
		case "COPY":
			copied = append(copied, argument[strings.LastIndexByte(argument, ' ')+1:])
		case "USER":
			config.User = argument
		case "EXPOSE":
			config.ExposedPorts[argument+"/tcp"] = struct{}{}
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(argument), &config.Entrypoint); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("the Dockerfile's last stage has %s, which this test does not know", name)
		}
	}
	slices.Sort(copied)
	return config, copied
}

// TestAdapterImages makes the image of the released binary for each platform, by the command that the documentation names.
func TestAdapterImages(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(architecture, func(t *testing.T) {
			build := exec.CommandContext(t.Context(), "make", "-C", root, "image", "ARCH="+architecture, "VERSION="+version)
			output, err := build.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if !strings.Contains(string(output), "redis-metrics-adapter:dev for linux/"+architecture) {
				t.Errorf("it says %s", output)
			}
			isStatic(t, filepath.Join(root, "_output", architecture, "redis-metrics-adapter"), machine)
			file := filepath.Join(root, "_output", "redis-metrics-adapter-"+architecture+".tar")
			isSmall(t, file)
			isFor(t, file, architecture)
		})
	}
}

// isSmall compresses the image as it goes to a registry and from there.
func isSmall(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestSpeed) // the race detector makes the best one slow
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB compressed, %.1f MB unpacked", float64(compressed.Len())/1e6, float64(len(content))/1e6)
	if compressed.Len() > largestImage {
		t.Errorf("the compressed image has %d bytes, want no more than %d", compressed.Len(), largestImage)
	}
}

func isStatic(t *testing.T, binary string, machine elf.Machine) {
	t.Helper()
	program, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if program.Machine != machine {
		t.Errorf("the binary is for %v, want %v", program.Machine, machine)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary is not static: it has a segment %v", segment.Type)
		}
	}
}

func isFor(t *testing.T, file, architecture string) {
	t.Helper()
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != architecture || config.Config.User != unprivileged {
		t.Errorf("the image is for %s/%s and runs as %q", config.OS, config.Architecture, config.Config.User)
	}
}
