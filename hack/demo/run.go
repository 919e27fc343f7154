package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/terminal"
)

// Options says how to run the demo.
type Options struct {
	// Dir is kept with its logs; empty: a temporary directory.
	Dir string
	// Web opens the page of the plugin of kubectl, which draws the HPA.
	Web bool
	// Plain prints lines even on a terminal.
	Plain bool
	// Out receives all output.
	Out *os.File
}

// Run runs the demo until the HPA has scaled out and in, and returns why it did not, if so. It leaves no process behind.
func Run(ctx context.Context, options Options) (err error) {
	began := time.Now()
	c, err := cluster.Start(ctx, cluster.Options{Dir: options.Dir, Log: options.Out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()

	address, err := startRedis(ctx, c)
	if err != nil {
		return err
	}
	if err := deploy(ctx, c, address); err != nil {
		return err
	}
	page, closePage, err := openPage(ctx, options, c.Kubeconfig())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePage()) }()
	s, served, err := play(ctx, c, address, page, pickView(options))
	if err != nil {
		return err
	}
	fmt.Fprint(options.Out, summary(s, served, time.Since(began)))
	return nil
}

// deploy applies and starts the adapter, then the samples.
func deploy(ctx context.Context, c *cluster.Cluster, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := c.StartAdapter(ctx, cluster.AdapterOptions{}); err != nil {
		return err
	}
	return applySamples(ctx, c, address)
}

// play drives the load through the phases and shows what comes of it.
func play(ctx context.Context, c *cluster.Cluster, address, page string, view view) (s *story, served verifier.Report, err error) {
	w, err := newWatcher(c.Config())
	if err != nil {
		return nil, served, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	load, ended := traffic.New(address), make(chan struct{})
	load.SetRate(script()[0].load)
	go func() {
		defer close(ended)
		if err := load.Run(ctx, w.truth.Answered); err != nil {
			cancel(err)
		}
	}()
	defer func() {
		cancel(nil)
		<-ended
		err = errors.Join(err, view.close())
	}()
	s = newStory(script(), time.Now())
	if err := tell(ctx, s, w, load, frame{page: page}, view, c.Err); err != nil {
		return nil, served, err
	}
	served = w.verifier.Close()
	return s, served, verdict(served)
}

func tell(ctx context.Context, s *story, w *watcher, load *traffic.Driver, f frame, view view, died func() error) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		snap, err := w.look(ctx)
		if err := errors.Join(died(), err); err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		over, err := s.step(snap)
		load.SetRate(s.phase().load)
		f = f.next(s, snap)
		if err := errors.Join(err, view.show(f)); err != nil || over {
			return err
		}
	}
}

func (f frame) next(s *story, snap snapshot) frame {
	f.story, f.snap = s, snap
	f.trail = push(f.trail, snap.sent)
	shown := -1.0
	if snap.served.Err == nil {
		shown = snap.served.Value
	}
	f.served = push(f.served, shown)
	return f
}

func pickView(options Options) view {
	if _, _, ok := terminal.Size(options.Out); !ok || options.Plain {
		return &plain{out: options.Out}
	}
	return &screen{out: options.Out, size: func() (columns, rows int) {
		columns, rows, _ = terminal.Size(options.Out)
		return max(1, columns), rows // a terminal that is gone has none
	}}
}
