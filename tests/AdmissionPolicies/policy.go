package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// manifest is what is used of a ValidatingAdmissionPolicy.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		FailurePolicy    string
		MatchConstraints struct {
			NamespaceSelector struct{ MatchLabels map[string]string }
			ResourceRules     []struct{ APIGroups, APIVersions, Operations, Resources []string }
		}
		MatchConditions, Variables []struct{ Name, Expression string }
		Validations                []struct{ Expression, Message, MessageExpression string }
	}
}

// expression is one that compiled, or a variable's.
type expression struct {
	name    string
	program cel.Program
}

// validation is an expression with what is said where it is false.
type validation struct {
	expression
	message string
	saying  cel.Program // null where the message is fixed
}

// policy is a policy whose expressions all compiled, each to the type that it must have.
type policy struct {
	manifest
	conditions  []expression
	variables   []expression
	validations []validation
}

// Names that the API server refuses as variables: CEL's grammar reserves them.
var reserved = regexp.MustCompile(
	`^(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$`)

var identifier = regexp.MustCompile(`^[_a-zA-Z][_a-zA-Z0-9]*$`)

func compilePolicy(m manifest) (*policy, error) {
	env, err := newEnvironment()
	if err != nil {
		return nil, err
	}
	p := &policy{manifest: m}
	if m.Spec.FailurePolicy != "Fail" {
		return nil, fmt.Errorf("%s: failurePolicy %q, expected Fail", m.Metadata.Name, m.Spec.FailurePolicy)
	}
	for _, condition := range m.Spec.MatchConditions {
		program, _, err := compile(env, condition.Expression, types.BoolType)
		if err != nil {
			return nil, fmt.Errorf("%s: match condition %s: %w", m.Metadata.Name, condition.Name, err)
		}
		p.conditions = append(p.conditions, expression{condition.Name, program})
	}
	for _, variable := range m.Spec.Variables {
		if !identifier.MatchString(variable.Name) || reserved.MatchString(variable.Name) {
			return nil, fmt.Errorf("%s: variable %q cannot have this name", m.Metadata.Name, variable.Name)
		}
		program, outputType, err := compile(env, variable.Expression, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: variable %s: %w", m.Metadata.Name, variable.Name, err)
		}
		if env, err = env.Extend(cel.Variable("variables."+variable.Name, outputType)); err != nil {
			return nil, err
		}
		p.variables = append(p.variables, expression{"variables." + variable.Name, program})
	}
	for i, v := range m.Spec.Validations {
		where := fmt.Sprintf("%s: validation %d", m.Metadata.Name, i)
		if v.Message == "" || strings.Contains(v.Message, "\n") {
			return nil, fmt.Errorf("%s: a message of one line is needed", where)
		}
		program, _, err := compile(env, v.Expression, types.BoolType)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		result := validation{expression{where, program}, v.Message, nil}
		if v.MessageExpression != "" {
			if result.saying, _, err = compile(env, v.MessageExpression, types.StringType); err != nil {
				return nil, fmt.Errorf("%s: messageExpression: %w", where, err)
			}
		}
		p.validations = append(p.validations, result)
	}
	return p, nil
}

func compile(env *cel.Env, text string, expected *types.Type) (cel.Program, *types.Type, error) {
	if strings.Contains(text, "\n") {
		return nil, nil, fmt.Errorf("a line break in %q", text)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, nil, issues.Err()
	}
	if expected != nil && !ast.OutputType().IsExactType(expected) {
		return nil, nil, fmt.Errorf("it is of type %s, expected %s", ast.OutputType(), expected)
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptTrackCost), cel.CostLimit(maxExpressionCost))
	return program, ast.OutputType(), err
}

// verdict is what the API server would make of a request.
type verdict struct {
	allowed bool
	reason  string
	cost    uint64
}

// judge says what becomes of a request; an expression that fails refuses it.
func (p *policy) judge(r request) verdict {
	if !p.matches(r) {
		return verdict{allowed: true}
	}
	input := r.input()
	var cost uint64
	for _, condition := range p.conditions {
		switch value := condition.evaluate(input, &cost); value {
		case types.False:
			return verdict{allowed: true, cost: cost}
		case types.True:
		default:
			return verdict{reason: fmt.Sprintf("match condition %s: %v", condition.name, value), cost: cost}
		}
	}
	// One that fails costs only those that use it.
	for _, variable := range p.variables {
		input[variable.name] = variable.evaluate(input, &cost)
	}
	for _, v := range p.validations {
		switch value := v.evaluate(input, &cost); value {
		case types.True:
		case types.False:
			return verdict{reason: v.say(input, &cost), cost: cost}
		default:
			return verdict{reason: fmt.Sprintf("error: %s: %v", v.name, value), cost: cost}
		}
	}
	return verdict{allowed: true, cost: cost}
}

func (e expression) evaluate(input map[string]any, cost *uint64) ref.Val {
	value, details, err := e.program.Eval(input)
	if details != nil && details.ActualCost() != nil {
		*cost += *details.ActualCost()
	}
	if err != nil {
		return types.NewErr("%v", err)
	}
	return value
}

func (v validation) say(input map[string]any, cost *uint64) string {
	if v.saying != nil {
		if text, ok := (expression{v.name, v.saying}).evaluate(input, cost).(types.String); ok {
			return string(text)
		}
		return "error: the messageExpression of " + v.name + " gives no text"
	}
	return v.message
}

func (p *policy) matches(r request) bool {
	for key, value := range p.Spec.MatchConstraints.NamespaceSelector.MatchLabels {
		if r.namespaceLabels()[key] != value {
			return false
		}
	}
	resource := r.resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	for _, rule := range p.Spec.MatchConstraints.ResourceRules {
		if has(rule.APIGroups, r.group, "*") && has(rule.APIVersions, r.version, "*") && has(rule.Operations, r.Operation, "*") &&
			(has(rule.Resources, resource, "*/*") || (r.Subresource == "" && has(rule.Resources, "*"))) {
			return true
		}
	}
	return false
}

func has(list []string, wanted ...string) bool {
	for _, item := range list {
		for _, one := range wanted {
			if item == one {
				return true
			}
		}
	}
	return false
}
