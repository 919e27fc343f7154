package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is a network connection to a server that can be broken.
type Link struct {
	proxy *toxiproxy.Proxy
}

// NewLink opens a link to a server. The caller closes it.
func NewLink(server string) (*Link, error) { return NewLinkAt("127.0.0.1:0", server) }

// NewLinkAt opens a link to a server at an address. The caller closes it.
func NewLinkAt(address, server string) (*Link, error) {
	host := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(host, "link", address, server)
	if err := proxy.Start(); err != nil {
		return nil, fmt.Errorf("open a link: %w", err)
	}
	return &Link{proxy}, nil
}

// Address returns the host and port at which the server is reached over the link.
func (l *Link) Address() string { return l.proxy.Listen }

// Close cuts all connections and accepts no more.
func (l *Link) Close() { l.proxy.Stop() }

// toxic is a defect of a link. Upstream is towards the server.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// with applies defects to the link while do runs.
func (l *Link) with(ctx context.Context, do func(), toxics ...toxic) error {
	for n, one := range toxics {
		one.Name = fmt.Sprint(n)
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		if _, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
			return fmt.Errorf("toxic %s: %w", one.Type, err)
		}
	}
	do()
	l.proxy.Toxics.ResetToxics(ctx)
	return nil
}
