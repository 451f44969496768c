package kubernetes

import (
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestManifestsOfKustomize(t *testing.T) {
	for _, folder := range glob(t, "overlay/*") {
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
			if err != nil {
				t.Fatal(err)
			}
			manifests, err := made.AsYaml()
			if err != nil {
				t.Fatal(err)
			}
			assertGolden(t, "kustomize/"+name+".yaml", string(manifests))
			assertUsable(t, decode(t, string(manifests)))
		})
	}
}

// deploy/kubernetes.yaml has the shards, as plain manifests.
func TestThePlainManifestsOfShards(t *testing.T) {
	assertUsable(t, decode(t, read(t, "../../deploy/kubernetes.yaml")))
}
