// Command crd-check judges CustomResourceDefinitions as an API server does when they are created, with the API server's
// own code: the schema, and what each rule of x-kubernetes-validations may cost. It prints the costs as shares of what
// is allowed.
//
//	crd-check FILE...
//
// Each file holds one CRD. Exit code 1: one is refused, or comes closer to a limit than it should; 2: it was called
// wrongly or cannot read a file.
//
// hack/crd-check.sh builds it with the libraries of Debian's golang-k8s-apiextensions-apiserver-dev.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// allowed is the share of a limit that may be used. The estimates grow from one Kubernetes to the next: those of 1.33
// doubled what 1.32 had found for the same rule.
const allowed = 0.4

// shown is how many of the dearest rules are printed.
const shown = 5

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("usage: crd-check FILE..."))
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	decoder := serializer.NewCodecFactory(scheme).UniversalDecoder(v1.SchemeGroupVersion)
	good := true
	for _, file := range os.Args[1:] {
		crd, err := read(file, decoder)
		if err != nil {
			fail(fmt.Errorf("%s: %w", file, err))
		}
		good = check(file, crd) && good
	}
	if !good {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

// read returns the CRD in the form that the API server validates: with its defaults, and converted.
func read(file string, decoder runtime.Decoder) (*apiextensions.CustomResourceDefinition, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	object, _, err := decoder.Decode(data, nil, nil)
	if err != nil {
		return nil, err
	}
	in, ok := object.(*v1.CustomResourceDefinition)
	if !ok {
		return nil, fmt.Errorf("holds a %T, not a CustomResourceDefinition of apiextensions.k8s.io/v1", object)
	}
	v1.SetDefaults_CustomResourceDefinition(in)
	v1.SetDefaults_CustomResourceDefinitionSpec(&in.Spec)
	out := &apiextensions.CustomResourceDefinition{}
	if err := v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(in, out, nil); err != nil {
		return nil, err
	}
	for _, version := range out.Spec.Versions {
		if version.Storage {
			out.Status.StoredVersions = []string{version.Name}
		}
	}
	return out, nil
}

// check prints what is wrong with a CRD and what its rules cost, and returns whether all is well.
func check(file string, crd *apiextensions.CustomResourceDefinition) bool {
	faults := validation.ValidateCustomResourceDefinition(context.Background(), crd)
	for _, fault := range faults {
		fmt.Printf("%s: refused: %v\n", file, fault)
	}
	good := len(faults) == 0
	for _, version := range crd.Spec.Versions {
		schema := version.Schema
		if schema == nil {
			// What all versions share is kept above them.
			schema = crd.Spec.Validation
		}
		costs := &costs{environment: environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())}
		if err := costs.collect("", schema.OpenAPIV3Schema, validation.RootCELContext(schema.OpenAPIV3Schema)); err != nil {
			fmt.Printf("%s: %s: %v\n", file, version.Name, err)
			good = false
			continue
		}
		good = costs.print(file) && good
	}
	return good
}

// cost is what one rule may cost at most, times the places of an object where it may apply.
type cost struct {
	path string
	rule string
	max  uint64
}

type costs struct {
	environment *environment.EnvSet
	rules       []cost
}

// collect adds the costs of the rules at and below a schema, reckoned as ValidateCustomResourceDefinition does.
func (c *costs) collect(path string, schema *apiextensions.JSONSchemaProps, at *validation.CELSchemaContext) error {
	if len(schema.XValidations) > 0 {
		types, err := at.TypeInfo()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		results, err := cel.Compile(types.Schema, types.DeclType, celconfig.PerCallLimit, c.environment,
			cel.NewExpressionsEnvLoader())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for i, result := range results {
			places := result.MaxCardinality
			if at.MaxCardinality != nil {
				places = *at.MaxCardinality
			}
			c.rules = append(c.rules, cost{path, schema.XValidations[i].Rule, product(result.MaxCost, places)})
		}
	}
	for name := range schema.Properties {
		child := schema.Properties[name]
		if err := c.collect(path+"."+name, &child, at.ChildPropertyContext(&child, name)); err != nil {
			return err
		}
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		child := schema.Items.Schema
		if err := c.collect(path+"[]", child, at.ChildItemsContext(child)); err != nil {
			return err
		}
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		child := schema.AdditionalProperties.Schema
		return c.collect(path+"{}", child, at.ChildAdditionalPropertiesContext(child))
	}
	return nil
}

func product(a, b uint64) uint64 {
	if a != 0 && b > math.MaxUint64/a {
		return math.MaxUint64
	}
	return a * b
}

// print shows the dearest rules and the sum, and returns whether all stay away from the limits.
func (c *costs) print(file string) bool {
	good := true
	sum := 0.0
	sort.Slice(c.rules, func(i, j int) bool { return c.rules[i].max > c.rules[j].max })
	for i, rule := range c.rules {
		sum += float64(rule.max)
		share := float64(rule.max) / validation.StaticEstimatedCostLimit
		if share > allowed {
			good = false
			fmt.Printf("%s: %s: the rule may cost %.2f of the limit, more than %.2f: %s\n", file, rule.path, share, allowed,
				rule.rule)
		} else if i < shown {
			fmt.Printf("%s: %s: %.3f of the limit: %.100s\n", file, rule.path, share, rule.rule)
		}
	}
	share := sum / validation.StaticEstimatedCRDCostLimit
	fmt.Printf("%s: all %d rules: %.3f of the limit\n", file, len(c.rules), share)
	if share > allowed {
		fmt.Printf("%s: that is more than %.2f\n", file, allowed)
	}
	return good && share <= allowed
}
