// Package kubernetes holds the tests of the Helm chart and of the Kustomize folders: tests/run --kubernetes.
//
// UPDATE_GOLDEN=1 writes golden/ anew. Read the difference before you commit it.
package kubernetes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/kubernetes/pkg/apis/core"
	"sigs.k8s.io/yaml"
)

const chart = "../../deploy/helm/wolkvox-exporter"

// Runs Helm, which tests/run builds, and returns what it printed.
func helm(t *testing.T, arguments ...string) (stdout string, stderr string, err error) {
	t.Helper()
	program := os.Getenv("HELM")
	if program == "" {
		t.Fatal("HELM is not set: run tests/run --kubernetes, which builds Helm")
	}
	var out, errors bytes.Buffer
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = &out, &errors
	// No cluster, and no settings of whoever runs the tests.
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "KUBECONFIG=/dev/null")
	err = command.Run()
	return out.String(), errors.String(), err
}

// What the chart makes of a file of values.
func template(t *testing.T, chart string, values ...string) string {
	t.Helper()
	arguments := []string{"template", "wolkvox", chart, "--namespace", "wolkvox"}
	for _, file := range values {
		arguments = append(arguments, "--values", file)
	}
	stdout, stderr, err := helm(t, arguments...)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if stderr != "" {
		t.Errorf("Helm complains: %s", stderr)
	}
	return stdout
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file is called %s", pattern)
	}
	return files
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Compares with golden/, or writes it where asked to.
func assertGolden(t *testing.T, name, actual string) {
	t.Helper()
	path := filepath.Join("golden", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, actual)
		return
	}
	if expected := read(t, path); actual != expected {
		t.Errorf("%s is not what is made now; UPDATE_GOLDEN=1 tests/run --kubernetes writes it anew. Now it is\n%s", path, actual)
	}
}

func TestHelmLintHasNothingToSay(t *testing.T) {
	for _, values := range glob(t, "chart/*.values.yaml") {
		stdout, stderr, err := helm(t, "lint", "--strict", chart, "--values", values)
		if err != nil || strings.Contains(stdout, "[WARNING]") {
			t.Errorf("%s: %v\n%s%s", values, err, stdout, stderr)
		}
	}
}

func TestManifestsOfTheChart(t *testing.T) {
	for _, values := range glob(t, "chart/*.values.yaml") {
		name := strings.TrimSuffix(filepath.Base(values), ".values.yaml")
		t.Run(name, func(t *testing.T) {
			manifests := template(t, chart, values)
			assertGolden(t, "chart/"+name+".yaml", manifests)
			assertUsable(t, decode(t, manifests))
		})
	}
}

// A file of refused/ begins with a line that has some words of the refusal.
func TestValuesThatCannotWorkAreRefusedWithTheWayOut(t *testing.T) {
	for _, values := range glob(t, "refused/*.yaml") {
		words, _, _ := strings.Cut(strings.TrimPrefix(read(t, values), "# Says: "), "\n")
		stdout, stderr, err := helm(t, "template", "wolkvox", chart, "--values", values)
		if err == nil {
			t.Errorf("%s is taken:\n%s", values, stdout)
		} else if !strings.Contains(stderr, words) {
			t.Errorf("%s should be refused with %q, and Helm says: %s", values, words, stderr)
		} else if strings.Contains(stderr, "secret@") {
			t.Errorf("%s: the refusal shows a password: %s", values, stderr)
		}
	}
}

// The file of values in which rules and boards are asked for, as a copy in a folder of the test.
func withRulesAndBoards(t *testing.T, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "values.yaml")
	text := "monitoring:\n  rules:\n    enabled: true\n" + more + "  dashboards:\n    enabled: true\n"
	write(t, path, text)
	return path
}

func TestEachFileOfRulesIsAPrometheusRule(t *testing.T) {
	objects := decode(t, template(t, chart, "chart/files.values.yaml", withRulesAndBoards(t, "")))
	assertUsable(t, objects)
	var found []monitoringv1.PrometheusRuleSpec
	for _, object := range objects {
		if rule, ok := object.object.(*monitoringv1.PrometheusRule); ok {
			found = append(found, rule.Spec)
		}
	}
	var expected []monitoringv1.PrometheusRuleSpec
	for _, path := range glob(t, "../../alerts/*.rules.yml") {
		var spec monitoringv1.PrometheusRuleSpec
		if err := yaml.UnmarshalStrict([]byte(read(t, path)), &spec); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		expected = append(expected, spec)
	}
	if !reflect.DeepEqual(found, expected) {
		t.Errorf("the rules of the chart are not those of alerts/")
	}
}

func TestLinksOfRulesLeadToTheOwnSites(t *testing.T) {
	more := "    runbooksUrl: https://wiki.my.company/wolkvox/\n    grafanaUrl: https://grafana.my.company\n"
	manifests := template(t, chart, "chart/files.values.yaml", withRulesAndBoards(t, more))
	for _, url := range []string{"https://wiki.my.company/wolkvox/Wolkvox", "https://grafana.my.company/d/wolkvox-"} {
		if !strings.Contains(manifests, url) {
			t.Errorf("no link begins with %s", url)
		}
	}
	for _, placeholder := range []string{"https://runbooks.example", "http://localhost:3000"} {
		if strings.Contains(manifests, placeholder) {
			t.Errorf("%s is still there", placeholder)
		}
	}
}

func TestEachBoardIsAConfigMapForTheSidecar(t *testing.T) {
	boards := map[string]string{}
	for _, object := range decode(t, template(t, chart, "chart/files.values.yaml", withRulesAndBoards(t, ""))) {
		if configMap, ok := object.object.(*core.ConfigMap); ok && configMap.Labels["grafana_dashboard"] == "1" {
			for name, text := range configMap.Data {
				boards[name] = text
			}
		}
	}
	files := glob(t, "../../dashboards/*.json")
	for _, path := range files {
		if strings.TrimSpace(boards[filepath.Base(path)]) != strings.TrimSpace(read(t, path)) {
			t.Errorf("%s is not in the chart as it is", path)
		}
	}
	if len(boards) != len(files) {
		t.Errorf("%d boards are in the chart, and %d in dashboards/", len(boards), len(files))
	}
}

// The path of the packaged chart.
func packaged(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if stdout, stderr, err := helm(t, "package", chart, "--destination", folder); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	return glob(t, filepath.Join(folder, "wolkvox-exporter-*.tgz"))[0]
}

func TestAPackageOfTheChartMakesTheSame(t *testing.T) {
	values := []string{"chart/postgresql.values.yaml", withRulesAndBoards(t, "")}
	if template(t, packaged(t), values...) != template(t, chart, values...) {
		t.Error("the package makes something else than the folder")
	}
}

// The release is stored in a Secret, which has at most 1 MiB.
func TestTheChartFitsIntoARelease(t *testing.T) {
	info, err := os.Stat(packaged(t))
	if err != nil {
		t.Fatal(err)
	}
	// The manifests are stored as well, base64 adds a third, and half is left for values.
	if info.Size() > 150<<10 {
		t.Errorf("the packaged chart has %d bytes", info.Size())
	}
}

func TestNotesSayHowToLookAndWhatIsMissing(t *testing.T) {
	for values, words := range map[string][]string{
		"chart/files.values.yaml":      {"state-wolkvox-wolkvox-exporter-0", "statefulset/wolkvox-wolkvox-exporter", "svc:10555/metrics", "image.repository is still"},
		"chart/files-all.values.yaml":  {"https://127.0.0.1:10555/", "port-forward service/wolkvox 10555:80"},
		"chart/postgresql.values.yaml": {"2 replicas", "deployment/wolkvox-wolkvox-exporter"},
	} {
		notes := notes(t, values)
		for _, word := range words {
			if !strings.Contains(notes, word) {
				t.Errorf("%s: the notes lack %q:\n%s", values, word, notes)
			}
		}
	}
}

// What Helm says after an installation. The program asks a cluster for it; the library need not.
func notes(t *testing.T, values string) string {
	t.Helper()
	install := action.NewInstall(&action.Configuration{Log: func(string, ...any) {}})
	install.ReleaseName, install.Namespace = "wolkvox", "wolkvox"
	install.DryRun, install.ClientOnly = true, true
	install.KubeVersion = &chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	loaded, err := loader.Load(chart)
	if err != nil {
		t.Fatal(err)
	}
	set, err := chartutil.ReadValuesFile(values)
	if err != nil {
		t.Fatal(err)
	}
	release, err := install.Run(loaded, set)
	if err != nil {
		t.Fatal(err)
	}
	return release.Info.Notes
}
