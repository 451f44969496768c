package kubernetes

import (
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomize returns what `kustomize build` makes of a folder.
func kustomize(t *testing.T, folder string) string {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(manifests)
}

func TestManifestsOfKustomize(t *testing.T) {
	for _, folder := range glob(t, "overlay/*") {
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			manifests := kustomize(t, folder)
			assertGolden(t, "kustomize/"+name+".yaml", manifests)
			assertUsable(t, decode(t, manifests))
		})
	}
}

// deploy/kubernetes.yaml has the shards, as plain manifests.
func TestThePlainManifestsOfShards(t *testing.T) {
	assertUsable(t, decode(t, read(t, "../../deploy/kubernetes.yaml")))
}
