package main

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// What the API server lets an expression cost, and all expressions of a policy for one request (k8s.io/apiserver/pkg/apis/cel).
const (
	maxExpressionCost = 1_000_000
	maxPolicyCost     = 10_000_000
)

var (
	stringMap  = types.NewMapType(types.StringType, types.StringType)
	stringList = types.NewListType(types.StringType)
)

// objectTypes are the types of request and namespaceObject as Kubernetes 1.30 declares them; object and oldObject are
// dynamic there.
var objectTypes = map[string]map[string]*types.Type{
	"kubernetes.GroupVersionKind":     {"group": types.StringType, "version": types.StringType, "kind": types.StringType},
	"kubernetes.GroupVersionResource": {"group": types.StringType, "version": types.StringType, "resource": types.StringType},
	"kubernetes.UserInfo": {
		"username": types.StringType, "uid": types.StringType, "groups": stringList,
		"extra": types.NewMapType(types.StringType, stringList),
	},
	"kubernetes.AdmissionRequest": {
		"kind":               types.NewObjectType("kubernetes.GroupVersionKind"),
		"resource":           types.NewObjectType("kubernetes.GroupVersionResource"),
		"subResource":        types.StringType,
		"requestKind":        types.NewObjectType("kubernetes.GroupVersionKind"),
		"requestResource":    types.NewObjectType("kubernetes.GroupVersionResource"),
		"requestSubResource": types.StringType,
		"name":               types.StringType,
		"namespace":          types.StringType,
		"operation":          types.StringType,
		"userInfo":           types.NewObjectType("kubernetes.UserInfo"),
		"dryRun":             types.BoolType,
		"options":            types.DynType,
	},
	"kubernetes.NamespaceMetadata": {"name": types.StringType, "labels": stringMap, "annotations": stringMap},
	"kubernetes.Namespace":         {"metadata": types.NewObjectType("kubernetes.NamespaceMetadata")},
}

// provider knows objectTypes beside CEL's own.
type provider struct{ types.Provider }

func (p provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := objectTypes[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if fields, ok := objectTypes[name]; ok {
		fieldType, ok := fields[field]
		return &types.FieldType{Type: fieldType}, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

// newEnvironment has what an expression of a ValidatingAdmissionPolicy without parameters can use in Kubernetes 1.30, but for
// Kubernetes' own libraries, which these policies do not need.
func newEnvironment() (*cel.Env, error) {
	base, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
		ext.Strings(ext.StringsVersion(2)),
	)
	if err != nil {
		return nil, err
	}
	return base.Extend(
		cel.CustomTypeProvider(provider{base.CELTypeProvider()}),
		cel.Variable("object", cel.DynType),
		cel.Variable("oldObject", cel.DynType),
		cel.Variable("request", types.NewObjectType("kubernetes.AdmissionRequest")),
		cel.Variable("namespaceObject", types.NewObjectType("kubernetes.Namespace")),
	)
}
