package app

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/dashboard"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// web holds the flags of the page of top.
type web struct {
	enabled, open bool
	port          int
}

func (w *web) addFlags(flags *pflag.FlagSet, terminal bool) {
	flags.BoolVar(&w.enabled, "web", false, "Draw the HPAs on a page that only this machine can open, until interrupted.")
	flags.BoolVar(&w.open, "open", terminal, "Open the page of --web in a browser; by default if the output is a terminal.")
	flags.IntVar(&w.port, "port", 0, "Port of the page of --web, on 127.0.0.1 (default: a free one).")
}

// serve serves the page until the context ends.
func (t *top) serve(ctx context.Context, reader *overview.Reader) error {
	scope := t.scope()
	if t.redis != "" {
		scope = "Redis " + t.redis + " in " + scope
	}
	server, err := dashboard.Listen(ctx, dashboard.Options{
		Port: t.web.port, Scope: scope, Interval: t.interval,
		Read: func(ctx context.Context) (overview.Overview, error) { return t.read(ctx, reader) },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.streams.Out, "The page is at %s until Ctrl-C ends this command.\n", server.URL())
	if t.web.open {
		if err := dashboard.Open(ctx, server.URL()); err != nil {
			fmt.Fprintf(t.streams.ErrOut, "No browser was opened: %v.\n", err)
		}
	}
	return server.Run(ctx)
}
