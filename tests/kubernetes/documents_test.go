package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// The pages that say what to type.
var documents = []string{"README.md", "docs/setup.md", "docs/kubernetes.md", "deploy/helm/wolkvox-exporter/README.md"}

// The blocks of a page in a language, without their fences.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	var found []string
	text := read(t, filepath.Join(root, page))
	for _, rest := range strings.Split(text, "```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(rest, "```")
		found = append(found, flushLeft(block))
	}
	return found
}

// A block that belongs to an item of a list is indented as a whole.
func flushLeft(block string) string {
	indent := block[:len(block)-len(strings.TrimLeft(block, " "))]
	return strings.TrimPrefix(strings.ReplaceAll(block, "\n"+indent, "\n"), indent)
}

// The commands of a page that install the chart, each a list of words.
func installations(t *testing.T, page string) [][]string {
	t.Helper()
	var found [][]string
	for _, block := range blocks(t, page, "sh") {
		for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
			words := strings.Fields(line)
			if len(words) > 1 && words[0] == "helm" && (words[1] == "install" || words[1] == "upgrade") {
				found = append(found, words[1:])
			}
		}
	}
	return found
}

func TestEachInstallationInTheDocumentsMakesWhatWorks(t *testing.T) {
	folder := t.TempDir()
	operations := read(t, "overlay/operations/operations.toml")
	write(t, filepath.Join(folder, "operations.toml"), operations)
	for _, page := range documents {
		commands := installations(t, page)
		if len(commands) == 0 {
			t.Errorf("%s installs nothing", page)
		}
		for _, words := range commands {
			// Helm prints what it would install.
			arguments := []string{"template"}
			for _, word := range words[1:] {
				word = strings.Replace(word, "deploy/helm/wolkvox-exporter", chart, 1)
				word = strings.Replace(word, "=operations.toml", "="+filepath.Join(folder, "operations.toml"), 1)
				if word != "--install" {
					arguments = append(arguments, word)
				}
			}
			stdout, stderr, err := helm(t, arguments...)
			if err != nil {
				t.Errorf("%s: %v: %s", page, words, stderr)
				continue
			}
			assertUsable(t, decode(t, stdout))
		}
	}
}

// A pod that does its work and ends: it belongs to no Service.
func assertPodAccepted(t *testing.T, objects []object) {
	t.Helper()
	if len(objects) != 1 || objects[0].kind != "Pod" {
		t.Fatalf("not a pod: %v", objects)
	}
	assertAccepted(t, objects)
	assertRestricted(t, objects)
}

func TestTheFilesOfThePageOnKubernetesMakeWhatWorks(t *testing.T) {
	files := blocks(t, "docs/kubernetes.md", "yaml")
	if len(files) != 3 {
		t.Fatalf("there are %d files, not the values, a pod and the Kustomization", len(files))
	}
	assertPodAccepted(t, decode(t, files[1]))
	folder := t.TempDir()
	values := filepath.Join(folder, "values.yaml")
	kustomization := filepath.Join(folder, "kustomization.yaml")
	for path, text := range map[string]string{values: files[0], kustomization: files[2]} {
		write(t, path, text)
	}
	assertUsable(t, decode(t, template(t, chart, values)))

	// A copy of the repository beside it.
	absolute, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "wolkvox-exporter/deploy"), os.DirFS(absolute)); err != nil {
		t.Fatal(err)
	}
	assertUsable(t, decode(t, kustomize(t, folder)))
}
