package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is what an image is made of.
type Image struct {
	// Name is how pods call it, with a tag.
	Name string
	// Files are the image's files by their path in it, and where each is on this machine.
	Files map[string]string
	// Architecture is the one of the programs among the files, as Go calls it.
	Architecture string
	// Config says how a container of it is started.
	Config v1.Config
}

// Save writes the image into a file, uncompressed.
func (i Image) Save(file string) error {
	tag, err := name.NewTag(i.Name, name.WithDefaultRegistry("docker.io"))
	if err != nil {
		return err
	}
	image, err := i.build()
	if err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	return tarball.WriteToFile(file, tag, image)
}

func (i Image) build() (v1.Image, error) {
	content, err := i.layer()
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(content, types.DockerUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config = "linux", i.Architecture, i.Config
	return mutate.ConfigFile(image, config)
}

// layer returns the files as a tar. Who unpacks it makes the directories above them.
func (i Image) layer() ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, target := range slices.Sorted(maps.Keys(i.Files)) {
		if err := addFile(writer, strings.TrimPrefix(path.Clean(target), "/"), i.Files[target]); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

func addFile(writer *tar.Writer, entry, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	if err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: entry, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err = writer.Write(content)
	return err
}
