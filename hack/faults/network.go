package faults

import (
	"context"

	toxiproxy "github.com/Shopify/toxiproxy/v2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

const upstream, downstream = "upstream", "downstream"

// network returns the rows of the network to a server.
func network() []Fault {
	lost := func(f Fault, toxics ...toxic) Fault {
		f.Scope, f.Levels, f.Rates, f.Within = Network, verifier.Holds, verifier.Holds, 4
		f.inject = bad(toxics...)
		return f
	}
	poor := func(f Fault, toxics ...toxic) Fault {
		f.Scope, f.Within = Network, 2
		f.inject = bad(toxics...)
		return f
	}
	return []Fault{
		poor(Fault{Name: "replies are late by a twentieth of the interval", How: "proxy: latency 50 ms", Rates: verifier.Renews},
			toxic{Type: "latency", Stream: downstream, Attributes: map[string]any{"latency": 50}}),
		poor(Fault{Name: "replies arrive in pieces", How: "proxy: 500 bytes at a time, 100 µs apart"},
			toxic{Type: "slicer", Stream: downstream, Attributes: map[string]any{"average_size": 500, "size_variation": 100, "delay": 100}}),
		lost(Fault{Name: "replies are later than the timeout", How: "proxy: latency three times the timeout", Reasons: []reason.Reason{reason.Timeout}},
			toxic{Type: "latency", Stream: downstream, Attributes: map[string]any{"latency": 1800}}),
		lost(Fault{Name: "the connection is too slow for a reply", How: "proxy: 1 KB/s", Reasons: []reason.Reason{reason.Timeout}},
			toxic{Type: "bandwidth", Stream: downstream, Attributes: map[string]any{"rate": 1}}),
		lost(Fault{Name: "the network forwards nothing in either direction", How: "proxy: accepts connections and forwards nothing", Reasons: []reason.Reason{reason.Timeout}},
			silence()...),
		lost(Fault{Name: "the connection is half-open", How: "proxy: forwards requests and no replies", Reasons: []reason.Reason{reason.Timeout}},
			toxic{Type: "timeout", Stream: downstream, Attributes: map[string]any{"timeout": 0}}),
		lost(Fault{Name: "connections are reset", How: "proxy: RST at the first byte", Reasons: []reason.Reason{reason.ConnectionLost, reason.Timeout}},
			toxic{Type: "reset_peer", Stream: downstream, Attributes: map[string]any{"timeout": 0}}),
		lost(Fault{Name: "a reply is cut off", How: "proxy: closes the connection after 700 bytes", Reasons: []reason.Reason{reason.ConnectionLost}},
			toxic{Type: "limit_data", Stream: downstream, Attributes: map[string]any{"bytes": 700}}),
		{
			Name: "connections are refused", How: "proxy: stops listening", Scope: Network, Levels: verifier.Holds, Rates: verifier.Holds, Within: 4,
			Reasons: []reason.Reason{reason.ConnectionRefused},
			inject: func(_ context.Context, s *Subject, hold func()) error {
				return s.Link.without(hold)
			},
		},
	}
}

// silence returns defects that let no byte pass.
func silence() []toxic {
	return []toxic{
		{Type: "timeout", Stream: upstream, Attributes: map[string]any{"timeout": 0}},
		{Type: "timeout", Stream: downstream, Attributes: map[string]any{"timeout": 0}},
	}
}

func bad(toxics ...toxic) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error { return s.Link.with(ctx, hold, toxics...) }
}

// without closes the link while do runs.
func (l *Link) without(do func()) error {
	off := &toxiproxy.Proxy{Listen: l.proxy.Listen, Upstream: l.proxy.Upstream}
	if err := l.proxy.Update(off); err != nil {
		return err
	}
	do()
	off.Enabled = true
	return l.proxy.Update(off)
}
