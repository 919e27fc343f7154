package target

import "github.com/redis-metrics/redis-metrics-adapter/pkg/expression"

// CompileWith replaces what compiles formulas, before Run.
func (w *Watcher) CompileWith(compile func(source string) (*expression.Expression, error)) {
	w.compile = compile
}
