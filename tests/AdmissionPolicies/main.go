// Judges requests by ValidatingAdmissionPolicies as an API server of Kubernetes 1.30 or later does: with the CEL library that
// it uses, the same types and the same limits of cost.
//
//	admission-policies MANIFESTS TABLE...
//
// MANIFESTS are the policies as kustomize builds them; each TABLE has requests with what is expected of them. Ends with 1 where
// a policy does not compile or a request is judged otherwise.
package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: admission-policies MANIFESTS TABLE..."))
	}
	policies, err := readPolicies(os.Args[1])
	if err != nil {
		fail(err)
	}
	judged, wrong, dearest := 0, 0, uint64(0)
	for _, path := range os.Args[2:] {
		t, err := readTable(path)
		if err != nil {
			fail(fmt.Errorf("%s: %w", path, err))
		}
		for _, r := range t.Requests {
			problem, cost := check(policies, r)
			if problem != "" {
				fmt.Printf("%s: %s: %s\n", path, r.Name, problem)
				wrong++
			}
			if cost > dearest {
				dearest = cost
			}
			judged++
		}
	}
	fmt.Printf("%d policies, %d requests, %d judged otherwise than expected; the dearest cost %d of %d\n",
		len(policies), judged, wrong, dearest, maxPolicyCost)
	if wrong > 0 || judged == 0 {
		os.Exit(1)
	}
}

// check judges a request by all policies, as they would: one that refuses is enough.
func check(policies []*policy, r request) (problem string, cost uint64) {
	result := verdict{allowed: true}
	for _, p := range policies {
		v := p.judge(r)
		if v.cost > cost {
			cost = v.cost
		}
		if !v.allowed && result.allowed {
			result = v
		}
	}
	switch {
	case cost > maxPolicyCost:
		return fmt.Sprintf("it costs %d, over %d", cost, maxPolicyCost), cost
	case result.allowed != r.Allowed:
		return fmt.Sprintf("allowed is %v: %s", result.allowed, result.reason), cost
	case !result.allowed && !strings.Contains(result.reason, r.Because):
		return fmt.Sprintf("it is refused because %q, expected %q", result.reason, r.Because), cost
	default:
		return "", cost
	}
}

func readPolicies(path string) ([]*policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var policies []*policy
	for _, document := range strings.Split(string(text), "\n---\n") {
		var m manifest
		if err := yaml.Unmarshal([]byte(document), &m); err != nil {
			return nil, err
		}
		if m.Kind != "ValidatingAdmissionPolicy" {
			continue
		}
		p, err := compilePolicy(m)
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	if len(policies) == 0 {
		return nil, fmt.Errorf("%s: no ValidatingAdmissionPolicy in it", path)
	}
	return policies, nil
}

func readTable(path string) (*table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &table{}
	if err := yaml.UnmarshalStrict(text, t); err != nil {
		return nil, err
	}
	for i := range t.Requests {
		if err := t.Requests[i].prepare(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "admission-policies:", err)
	os.Exit(2)
}
