package expression

import (
	"math"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// evaluation holds the variables of one evaluation, and whether a step of it failed.
type evaluation struct {
	values map[string]float64
	failed bool
}

// failure is the variable by which a step finds its evaluation.
const failure = "@evaluation"

// ResolveName implements interpreter.Activation.
func (e *evaluation) ResolveName(name string) (any, bool) {
	switch name {
	case values:
		return e.values, true
	case failure:
		return e, true
	}
	return nil, false
}

// Parent implements interpreter.Activation.
func (e *evaluation) Parent() interpreter.Activation { return nil }

// step is a call of a function or an operator. CEL continues with infinities, and its
// || and && drop the error of one side if the other side decides. So a step records its
// failure in the evaluation, where nothing drops it.
type step struct {
	interpreter.InterpretableCall
}

// watchSteps decorates the program's plan with steps.
func watchSteps(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	if call, ok := i.(interpreter.InterpretableCall); ok {
		return step{call}, nil
	}
	return i, nil
}

// Exec implements interpreter.InterpretableV2.
func (s step) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return noted(frame, s.InterpretableCall.Exec(frame))
}

// Eval implements interpreter.Interpretable.
func (s step) Eval(vars interpreter.Activation) ref.Val {
	return noted(vars, s.InterpretableCall.Eval(vars))
}

// noted returns the result of a step, and records it if it is an error or not a finite
// number.
func noted(vars interpreter.Activation, gave ref.Val) ref.Val {
	number, isDouble := gave.(types.Double)
	if !types.IsError(gave) && (!isDouble || finite(float64(number))) {
		return gave
	}
	found, _ := vars.ResolveName(failure)
	if e, ok := found.(*evaluation); ok {
		e.failed = true
	}
	return gave
}

func finite(number float64) bool {
	return !math.IsNaN(number) && !math.IsInf(number, 0)
}
