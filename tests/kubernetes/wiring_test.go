package kubernetes

import (
	"regexp"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/networking"
	"k8s.io/kubernetes/pkg/apis/policy"
)

// Asserts all that holds for what a chart or a folder makes.
func assertUsable(t *testing.T, objects []object) {
	t.Helper()
	if len(objects) == 0 {
		t.Fatal("nothing is made")
	}
	assertAccepted(t, objects)
	assertRestricted(t, objects)
	assertWired(t, objects)
}

// Asserts what an API server does not look at: that objects find each other.
func assertWired(t *testing.T, objects []object) {
	t.Helper()
	var pods *core.PodTemplateSpec
	services := map[string]*core.Service{}
	for _, object := range objects {
		if template := podTemplate(object); template != nil {
			pods = template
		}
		if service, ok := object.object.(*core.Service); ok {
			services[service.Name] = service
		}
	}
	if pods == nil {
		t.Fatal("nothing makes a pod")
	}
	assertVariablesFollow(t, pods)
	for _, object := range objects {
		assertFinds(t, object, pods, services)
	}
}

var reference = regexp.MustCompile(`\$\((\w+)\)`)

// A variable that a value refers to must stand before it, and one that is there twice is most likely a mistake.
func assertVariablesFollow(t *testing.T, pods *core.PodTemplateSpec) {
	t.Helper()
	for _, container := range pods.Spec.Containers {
		before := map[string]bool{}
		for _, variable := range container.Env {
			for _, found := range reference.FindAllStringSubmatch(variable.Value, -1) {
				if !before[found[1]] {
					t.Errorf("%s refers to %s, which does not stand before it", variable.Name, found[1])
				}
			}
			if before[variable.Name] {
				t.Errorf("%s is there twice", variable.Name)
			}
			before[variable.Name] = true
		}
	}
}

func assertFinds(t *testing.T, object object, pods *core.PodTemplateSpec, services map[string]*core.Service) {
	t.Helper()
	switch found := object.object.(type) {
	case *core.Service:
		assertSelects(t, object, &metav1.LabelSelector{MatchLabels: found.Spec.Selector}, pods.Labels)
		for _, port := range found.Spec.Ports {
			if !hasPort(pods, port.TargetPort) {
				t.Errorf("%s leads to the port %s, which no container has", object, port.TargetPort.String())
			}
		}
	case *policy.PodDisruptionBudget:
		assertSelects(t, object, found.Spec.Selector, pods.Labels)
	case *networking.NetworkPolicy:
		assertSelects(t, object, &found.Spec.PodSelector, pods.Labels)
	case *monitoringv1.ServiceMonitor:
		for _, service := range services {
			assertSelects(t, object, &found.Spec.Selector, service.Labels)
			for _, endpoint := range found.Spec.Endpoints {
				if endpoint.Port != service.Spec.Ports[0].Name {
					t.Errorf("%s scrapes the port %s, which %s has not", object, endpoint.Port, service.Name)
				}
			}
		}
	}
}

func assertSelects(t *testing.T, object object, selector *metav1.LabelSelector, set map[string]string) {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Errorf("%s: %v", object, err)
		return
	}
	if parsed.Empty() || !parsed.Matches(labels.Set(set)) {
		t.Errorf("%s selects %s, which does not find %v", object, parsed, set)
	}
}

// A port of a Service leads to one of a container by its name or number.
func hasPort(pods *core.PodTemplateSpec, target intstr.IntOrString) bool {
	for _, container := range pods.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == target.StrVal || target.Type == intstr.Int && port.ContainerPort == target.IntVal {
				return true
			}
		}
	}
	return false
}
