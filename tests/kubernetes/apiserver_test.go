package kubernetes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corev1conversion "k8s.io/kubernetes/pkg/apis/core/v1"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// The kinds that an API server has, each with the code that accepts or refuses a new object there.
var strategies = map[string]rest.RESTCreateStrategy{
	"ConfigMap":           configmap.Strategy,
	"Deployment":          deployment.Strategy,
	"NetworkPolicy":       networkpolicy.Strategy,
	"Pod":                 pod.Strategy,
	"PodDisruptionBudget": poddisruptionbudget.Strategy,
	"Secret":              secret.Strategy,
	"Service":             service.Strategy,
	"StatefulSet":         statefulset.Strategy,
}

// The kinds of Prometheus Operator. Its types know the fields and their kinds of values, and no more.
var operatorScheme = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{monitoringv1.AddToScheme, monitoringv1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}()

// An unknown field, or one that is there twice, is an error in both.
var (
	builtIn  = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	operator = serializer.NewCodecFactory(operatorScheme, serializer.EnableStrict)
)

// What a chart or a folder of Kustomize makes, as an API server takes it.
type object struct {
	version    schema.GroupVersion
	kind, name string
	object     runtime.Object
	source     []byte
}

// Splits a stream of YAML documents and reads each as the API server does, with its defaults.
func decode(t *testing.T, manifests string) []object {
	t.Helper()
	var found []object
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifests)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if isEmpty(document) {
			continue
		}
		object, err := decodeOne(document)
		if err != nil {
			t.Errorf("%v in\n%s", err, document)
			continue
		}
		found = append(found, object)
	}
}

// A document may hold nothing but comments.
func isEmpty(document []byte) bool {
	for line := range strings.Lines(string(document)) {
		line = strings.TrimSpace(line)
		if line != "" && line != "---" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

func decodeOne(document []byte) (object, error) {
	var head struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if err := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(document), 4096).Decode(&head); err != nil {
		return object{}, err
	}
	kind := head.GroupVersionKind()
	codecs := builtIn
	if strings.HasSuffix(kind.Group, ".coreos.com") {
		codecs = operator
	}
	decoded, err := runtime.Decode(codecs.UniversalDecoder(internal(kind)), document)
	return object{kind.GroupVersion(), kind.Kind, head.Name, decoded, document}, err
}

// The built-in kinds are checked in the form that the API server has them in memory. Those of the operator have but one.
func internal(kind schema.GroupVersionKind) schema.GroupVersion {
	if strings.HasSuffix(kind.Group, ".coreos.com") {
		return kind.GroupVersion()
	}
	return schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal}
}

// Asserts that an API server creates all of them, and warns of none.
func assertAccepted(t *testing.T, objects []object) {
	t.Helper()
	for _, object := range objects {
		strategy, ok := strategies[object.kind]
		if !ok {
			if !operatorScheme.IsGroupRegistered(object.version.Group) {
				t.Errorf("%s %s: no code here checks this kind", object.kind, object.name)
			}
			continue
		}
		metadata, err := meta.Accessor(object.object)
		if err != nil {
			t.Fatal(err)
		}
		complete(object, metadata)
		ctx := request.WithNamespace(context.Background(), metadata.GetNamespace())
		ctx = request.WithRequestInfo(ctx, &request.RequestInfo{
			IsResourceRequest: true, Verb: "create", APIGroup: object.version.Group, APIVersion: object.version.Version,
		})
		if err := rest.BeforeCreate(strategy, ctx, object.object); err != nil {
			t.Errorf("%s %s: %v\n%s", object.kind, object.name, err, object.source)
			continue
		}
		for _, warning := range strategy.WarningsOnCreate(ctx, object.object) {
			t.Errorf("%s %s: warning: %s", object.kind, object.name, warning)
		}
	}
}

// What a client and the API server add before an object is checked.
func complete(object object, metadata metav1.Object) {
	rest.FillObjectMetaSystemFields(metadata)
	if metadata.GetNamespace() == "" {
		metadata.SetNamespace(metav1.NamespaceDefault)
	}
	if service, ok := object.object.(*core.Service); ok && service.Spec.ClusterIP != "" {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	}
}

// The template of the pods that an object makes or is, if there are any.
func podTemplate(object object) *core.PodTemplateSpec {
	switch made := object.object.(type) {
	case *apps.StatefulSet:
		return &made.Spec.Template
	case *apps.Deployment:
		return &made.Spec.Template
	case *core.Pod:
		return &core.PodTemplateSpec{ObjectMeta: made.ObjectMeta, Spec: made.Spec}
	}
	return nil
}

// Asserts that a namespace with the pod security standard "restricted" lets the pods in.
func assertRestricted(t *testing.T, objects []object) {
	t.Helper()
	version := podsecurity.MajorMinorVersion(1, 35)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		template := podTemplate(object)
		if template == nil {
			continue
		}
		var external corev1.PodTemplateSpec
		if err := corev1conversion.Convert_core_PodTemplateSpec_To_v1_PodTemplateSpec(template, &external, nil); err != nil {
			t.Fatal(err)
		}
		level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: version}
		results := evaluator.EvaluatePod(level, &external.ObjectMeta, &external.Spec)
		if result := policy.AggregateCheckResults(results); !result.Allowed {
			t.Errorf("%s %s: %s: %s", object.kind, object.name, result.ForbiddenReason(), result.ForbiddenDetail())
		}
		if token := external.Spec.AutomountServiceAccountToken; token == nil || *token {
			t.Errorf("%s %s gives its pods a token of their service account", object.kind, object.name)
		}
	}
}

func (object object) String() string {
	return fmt.Sprintf("%s %s", object.kind, object.name)
}
