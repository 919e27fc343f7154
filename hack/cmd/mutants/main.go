// Command mutants runs package mutants: it brings bugs into a copy of the tree, one at a time, and fails unless a test sees each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/mutants"
)

func main() {
	var options options
	flag.StringVar(&options.root, "root", "..", "directory of the adapter's module")
	flag.StringVar(&options.names, "run", "", "run only the patches whose name matches this regular expression")
	flag.IntVar(&options.size, "n", 0, "run so many patches, picked by the seed; 0 for all")
	flag.StringVar(&options.seed, "seed", "", "seed of -n (default the commit)")
	flag.Parse()
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

type options struct {
	root, names, seed string
	size              int
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	names, err := regexp.Compile(o.names)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	chosen, err := mutants.All(filepath.Join(root, "hack", "mutants"))
	if err != nil {
		return err
	}
	chosen = slices.DeleteFunc(chosen, func(m mutants.Mutant) bool { return !names.MatchString(m.Name) })
	if o.size > 0 {
		if o.seed == "" {
			commit, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "HEAD").Output()
			if err != nil {
				return fmt.Errorf("no commit to take as a seed, write -seed: %w", err)
			}
			o.seed = strings.TrimSpace(string(commit))
		}
		chosen = mutants.Sample(chosen, o.size, o.seed)
		fmt.Printf("%d patches, picked with -seed=%s\n", len(chosen), o.seed)
	}
	if len(chosen) == 0 {
		return errors.New("no patch has such a name")
	}
	results, err := mutants.Run(ctx, root, chosen, os.Stdout)
	output := filepath.Join(root, "_output", "mutants")
	if err := errors.Join(err, mutants.Write(output, results)); err != nil {
		return err
	}
	fmt.Printf("\n%s\nThe table is in %s as well.\n", mutants.Markdown(results), output)
	if survivors := mutants.Survivors(results); survivors > 0 {
		return fmt.Errorf("%d of %d bugs are not caught: write a test beside the code that sees each", survivors, len(results))
	}
	return nil
}
