package node

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// configs holds the configuration of each program and the objects of the cluster's DNS.
//
//go:embed configs
var configs embed.FS

// values are what the configurations leave open.
type values struct {
	BinDir, Dir, PodNetwork, NodeAddress, DNSAddress, CgroupRoot, Pause string
	CAFile, CertFile, KeyFile                                           string
	KubeletKubeconfig, ProxyKubeconfig, DNSKubeconfig                   string
}

func (v values) writeConfigs() error {
	parsed, err := template.ParseFS(configs, "configs/*")
	if err != nil {
		return err
	}
	for _, each := range parsed.Templates() {
		file, err := os.OpenFile(v.file(each.Name()), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		if err := each.Execute(file, v); err != nil {
			return fmt.Errorf("configuration %s: %w", each.Name(), err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (v values) file(name string) string { return filepath.Join(v.Dir, name) }
