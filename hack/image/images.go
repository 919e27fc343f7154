package image

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// authorities is where Go programs look first for the authorities that they trust.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

// unprivileged is the user that needs no name.
const unprivileged = "65532:65532"

// Adapter describes the image that the Dockerfile builds.
func Adapter(name, binary, architecture, version string) Image {
	return Image{
		Name:         name,
		Architecture: architecture,
		Files: map[string]string{
			authorities:              authorities,
			"/redis-metrics-adapter": binary,
		},
		Config: v1.Config{
			User:         unprivileged,
			Entrypoint:   []string{"/redis-metrics-adapter"},
			ExposedPorts: map[string]struct{}{"6443/tcp": {}},
			Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			WorkingDir:   "/",
			Labels: map[string]string{
				"org.opencontainers.image.title":       "redis-metrics-adapter",
				"org.opencontainers.image.description": "Serves metrics of Redis to the HorizontalPodAutoscaler over custom.metrics.k8s.io",
				"org.opencontainers.image.source":      "https://github.com/redis-metrics/redis-metrics-adapter",
				"org.opencontainers.image.licenses":    "Apache-2.0",
				"org.opencontainers.image.version":     version,
			},
		},
	}
}

// Program describes an image that holds one static program of this machine's kind and starts it.
func Program(name, binary string) Image {
	entry := "/" + path.Base(binary)
	return Image{
		Name:         name,
		Architecture: runtime.GOARCH,
		Files:        map[string]string{entry: binary},
		Config:       v1.Config{User: unprivileged, Entrypoint: []string{entry}},
	}
}

var library = regexp.MustCompile(`(/\S+) \(0x`)

// Redis describes an image of this machine's redis-server and redis-cli.
func Redis(ctx context.Context, name string) (Image, error) {
	image := Image{
		Name:         name,
		Architecture: runtime.GOARCH,
		Files:        map[string]string{},
		Config: v1.Config{
			User: unprivileged, WorkingDir: "/", Cmd: []string{"redis-server"}, Env: []string{"PATH=/usr/local/bin"},
		},
	}
	for _, program := range []string{"redis-server", "redis-cli"} {
		file, err := exec.LookPath(program)
		if err != nil {
			return Image{}, err
		}
		image.Files["/usr/local/bin/"+program] = file
		output, err := exec.CommandContext(ctx, "ldd", file).Output()
		if err != nil {
			return Image{}, fmt.Errorf("find the libraries of %s: %w", file, err)
		}
		for _, match := range library.FindAllStringSubmatch(string(output), -1) {
			image.Files[match[1]] = match[1]
		}
	}
	return image, nil
}
