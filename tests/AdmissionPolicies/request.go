package main

import (
	"fmt"
	"strings"
)

// table is a file of requests with what becomes of them.
type table struct {
	// Users by the name that rows give them.
	Users map[string]string
	// Namespaces by name, with their labels.
	Namespaces map[string]map[string]string
	// Requests that are judged.
	Requests []request
}

// request is a row: what is asked, and whether it may be done.
type request struct {
	Name        string
	User        string
	Operation   string
	Resource    string // RESOURCE or RESOURCE.GROUP
	Subresource string
	Namespace   string // of the request; empty: the object belongs to none
	Object      map[string]any
	OldObject   map[string]any
	// Repeat makes the object large: the list at this path (a.b.c) is repeated so many times.
	Repeat struct {
		Path  string
		Times int
	}
	Allowed bool
	// Because is a part of what is said where it is refused.
	Because string

	table                    *table
	group, version, resource string
}

func (r *request) prepare(t *table) error {
	r.table = t
	r.resource, r.group, _ = strings.Cut(r.Resource, ".")
	r.version = "v1"
	if _, known := t.Users[r.User]; !known {
		return fmt.Errorf("%s: there is no user %q in the table", r.Name, r.User)
	}
	if _, known := t.Namespaces[r.Namespace]; r.Namespace != "" && r.resource != "namespaces" && !known {
		return fmt.Errorf("%s: there is no namespace %q in the table", r.Name, r.Namespace)
	}
	if !has([]string{"CREATE", "UPDATE", "DELETE", "CONNECT"}, r.Operation) {
		return fmt.Errorf("%s: operation %q, expected CREATE, UPDATE, DELETE or CONNECT", r.Name, r.Operation)
	}
	if !r.Allowed && r.Because == "" {
		return fmt.Errorf("%s: it says neither allowed nor because", r.Name)
	}
	if r.Repeat.Times > 0 {
		return repeat(r.Object, strings.Split(r.Repeat.Path, "."), r.Repeat.Times)
	}
	return nil
}

func repeat(object map[string]any, path []string, times int) error {
	for _, key := range path[:len(path)-1] {
		object, _ = object[key].(map[string]any)
	}
	list, ok := object[path[len(path)-1]].([]any)
	if !ok {
		return fmt.Errorf("there is no list at %s", strings.Join(path, "."))
	}
	var long []any
	for i := 0; i < times; i++ {
		long = append(long, list...)
	}
	object[path[len(path)-1]] = long
	return nil
}

// namespaceLabels are what a namespaceSelector sees: those of a Namespace itself where that is written.
func (r request) namespaceLabels() map[string]string {
	return r.table.Namespaces[r.Namespace]
}

// input is what expressions see. As in the API server, a field without a value is absent.
func (r request) input() map[string]any {
	asked := map[string]any{
		"kind":            map[string]any{"group": r.group, "version": r.version, "kind": ""},
		"requestKind":     map[string]any{"group": r.group, "version": r.version, "kind": ""},
		"resource":        map[string]any{"group": r.group, "version": r.version, "resource": r.resource},
		"requestResource": map[string]any{"group": r.group, "version": r.version, "resource": r.resource},
		"operation":       r.Operation,
		"userInfo":        map[string]any{"username": r.table.Users[r.User], "groups": []string{"system:authenticated"}},
		"dryRun":          false,
	}
	if r.Subresource != "" {
		asked["subResource"], asked["requestSubResource"] = r.Subresource, r.Subresource
	}
	if r.Namespace != "" {
		asked["namespace"] = r.Namespace
	}
	input := map[string]any{"request": asked, "object": orNull(r.Object), "oldObject": orNull(r.OldObject), "namespaceObject": nil}
	if r.Namespace != "" && r.resource != "namespaces" {
		metadata := map[string]any{"name": r.Namespace}
		if labels := r.table.Namespaces[r.Namespace]; len(labels) > 0 {
			metadata["labels"] = labels
		}
		input["namespaceObject"] = map[string]any{"metadata": metadata}
	}
	return input
}

func orNull(object map[string]any) any {
	if object == nil {
		return nil
	}
	return object
}
