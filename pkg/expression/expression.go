// Package expression computes a metric from other metrics of the same object, by
// a formula in CEL.
//
// The text of a formula flows in (Compile), an immutable Expression flows out,
// which is safe for concurrent use. It says which metrics it names (Names), and
// gives a number when it is told their values (Eval).
//
// A formula knows the arithmetic, comparisons and conditions of CEL,
// math.greatest and math.least, and metric("name"), whose argument is written
// out so that what a formula depends on is known beforehand. It has no loops, and
// its cost is bounded.
//
// Compile fails with a sentence for the formula's author, and Eval with one for
// whoever asks for the metric. A step that divides by zero, or gives no finite
// number for another reason, fails the whole evaluation: no later step makes a
// number of an infinity, and || and && do not hide it. A step that is not taken,
// such as the other branch of a condition, fails nothing.
package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

const (
	// maxCost bounds the steps of an evaluation, far above what a formula without loops takes.
	maxCost = 100_000
	// maxNames bounds the metrics that a formula names.
	maxNames = 20
	// values is the variable that metric("name") stands for an element of. It is no
	// identifier, so that no formula can name it.
	values = "@values"
)

// Expression is a compiled formula.
type Expression struct {
	program cel.Program
	names   []string
}

// Compile checks a formula.
func Compile(source string) (*Expression, error) {
	e := &Expression{}
	env, err := cel.NewCustomEnv(
		cel.StdLib(), cel.ClearMacros(), cel.Macros(cel.GlobalMacro("metric", 1, e.metric)), ext.Math(),
		cel.CrossTypeNumericComparisons(true), cel.Variable(values, cel.MapType(cel.StringType, cel.DoubleType)),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing expressions: %w", err)
	}
	checked, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, fmt.Errorf("the expression does not compile: %s", issues.Errors()[0].Message)
	}
	if out := checked.OutputType(); !slices.ContainsFunc([]*cel.Type{cel.DoubleType, cel.IntType, cel.UintType}, out.IsExactType) {
		return nil, fmt.Errorf("the expression gives a %s and must give a number", out)
	}
	if len(e.names) == 0 {
		return nil, errors.New(`the expression names no metric: write metric("name")`)
	}
	if len(e.names) > maxNames {
		return nil, fmt.Errorf("the expression names more than %d metrics", maxNames)
	}
	if e.program, err = env.Program(checked, cel.CostLimit(maxCost), cel.CustomDecoratorV2(watchSteps)); err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	return e, nil
}

// metric turns metric("name") into an element of values, and notes the name.
func (e *Expression) metric(factory cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	var name string
	ok := args[0].Kind() == ast.LiteralKind
	if ok {
		name, ok = args[0].AsLiteral().Value().(string)
	}
	if !ok {
		return nil, factory.NewError(args[0].ID(), `metric takes a name that is written out, such as metric("used-memory-bytes")`)
	}
	if !slices.Contains(e.names, name) {
		e.names = append(e.names, name)
	}
	return factory.NewCall(operators.Index, factory.NewIdent(values), args[0]), nil
}

// Names are those of the metrics that the formula names. The caller must not modify them.
func (e *Expression) Names() []string { return e.names }

// Eval computes the formula from the values of the metrics that it names, which
// are finite. It fails if any step that it takes gives no finite number, whatever
// the steps around it make of that.
func (e *Expression) Eval(of map[string]float64) (float64, error) {
	evaluation := &evaluation{values: of}
	out, _, err := e.program.Eval(evaluation)
	result := math.NaN()
	switch number := out.(type) {
	case types.Double:
		result = float64(number)
	case types.Int:
		result = float64(number)
	case types.Uint:
		result = float64(number)
	}
	switch {
	case err != nil, evaluation.failed, !finite(result):
		return 0, errors.New(`the expression cannot be computed from these values: a step divides by zero or overflows; test the divisor first, for example metric("b") > 0.0 ? metric("a") / metric("b") : 0.0`)
	case result < 0:
		return 0, errors.New("the expression gives a negative number: write math.greatest(0.0, ...) if 0 is meant then")
	}
	return result, nil
}
