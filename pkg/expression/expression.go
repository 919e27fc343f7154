// Package expression computes a metric from other metrics of the same object, with a
// formula in CEL.
//
// The text of a formula flows in (Compile), an immutable Expression flows out, which is
// safe for concurrent use. It returns the metrics that it names (Names), and computes a
// number from their values (Eval).
//
// A formula has the arithmetic, comparisons and conditions of CEL, math.greatest and
// math.least, and metric("name"), whose argument must be a literal, so that the
// dependencies of a formula are known in advance. It has no loops. MaxLength bounds its
// length, and maxCost its cost, both as an estimate when it is compiled and as a count
// when it is evaluated.
//
// Compile fails with a sentence for the formula's author, and Eval with one for whoever
// asks for the metric. If a step divides by zero, or gives no finite number for another
// reason, the whole evaluation fails: no later step turns an infinity into a number,
// and || and && do not hide it. A step that is not taken, such as the other branch of a
// condition, has no effect.
package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// MaxLength is how many bytes the text of a formula may have.
const MaxLength = 2048

const (
	// maxCost bounds the cost of an evaluation, in the units of CEL: about one for each
	// operation, and more for those that traverse a text or a list.
	maxCost = 10_000
	// maxNames bounds the metrics that a formula names.
	maxNames = 20
	// values is the variable whose elements metric("name") returns. It is not an
	// identifier, so no formula can name it.
	values = "@values"
)

// Expression is a compiled formula.
type Expression struct {
	program cel.Program
	names   []string
}

// environment returns the environment in which all formulas are compiled. It is made
// once, because it takes more time and memory than most formulas.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewCustomEnv(
		cel.StdLib(), cel.ClearMacros(), cel.Macros(cel.GlobalMacro("metric", 1, metric)), ext.Math(),
		cel.CrossTypeNumericComparisons(true), cel.Variable(values, cel.MapType(cel.StringType, cel.DoubleType)),
	)
})

// Compile checks a formula.
func Compile(source string) (e *Expression, err error) {
	if len(source) > MaxLength {
		return nil, fmt.Errorf("the expression has more than %d bytes: write a shorter one", MaxLength)
	}
	defer func() {
		if recover() != nil { // a fault of the compiler ends no other object's metrics
			e, err = nil, errors.New("the expression does not compile: write a simpler one")
		}
	}()
	env, err := environment()
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
	names := namesIn(checked)
	switch {
	case len(names) == 0:
		return nil, errors.New(`the expression names no metric: write metric("name")`)
	case len(names) > maxNames:
		return nil, fmt.Errorf("the expression names more than %d metrics", maxNames)
	}
	if cost, err := env.EstimateCost(checked, sizes{}); err != nil || cost.Max > maxCost {
		return nil, fmt.Errorf("the expression may cost more than %d operations: write a simpler one", maxCost)
	}
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.CustomDecoratorV2(watchSteps))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	return &Expression{program, names}, nil
}

// sizes bounds the size of each text and list of a formula. All consist of what is
// written in it, and of numbers.
type sizes struct{}

// EstimateSize implements checker.CostEstimator.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Max: MaxLength}
}

// EstimateCallCost implements checker.CostEstimator.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// metric turns metric("name") into an element of values.
func metric(factory cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if _, ok := textOf(args[0]); !ok {
		return nil, factory.NewError(args[0].ID(), `metric takes a name that is written out, such as metric("used-memory-bytes")`)
	}
	return factory.NewCall(operators.Index, factory.NewIdent(values), args[0]), nil
}

// namesIn returns the metrics that a formula names, in the order of its text.
func namesIn(checked *cel.Ast) []string {
	var names []string
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Index {
			return
		}
		args := e.AsCall().Args()
		if args[0].Kind() != ast.IdentKind || args[0].AsIdent() != values {
			return
		}
		if name, ok := textOf(args[1]); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}))
	return names
}

// textOf returns the text of a literal.
func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().Value().(string)
	return text, ok
}

// Names returns the names of the metrics in the formula. The caller must not modify them.
func (e *Expression) Names() []string { return e.names }

// Eval computes the formula from the values of the metrics that it names, which are
// finite. It fails if any step that it takes gives no finite number, whatever other
// steps do with it.
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
