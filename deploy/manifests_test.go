package deploy

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

const kustomizationFile = "kustomization.yaml"

// kinds says into what each kind decodes. A kind that is not named here is an error.
var kinds = map[string]func() any{
	"v1 Namespace":                                    func() any { return &corev1.Namespace{} },
	"v1 Service":                                      func() any { return &corev1.Service{} },
	"v1 ServiceAccount":                               func() any { return &corev1.ServiceAccount{} },
	"apps/v1 Deployment":                              func() any { return &appsv1.Deployment{} },
	"apps/v1 StatefulSet":                             func() any { return &appsv1.StatefulSet{} },
	"autoscaling/v2 HorizontalPodAutoscaler":          func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return &rbacv1.ClusterRole{} },
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return &rbacv1.ClusterRoleBinding{} },
	"rbac.authorization.k8s.io/v1 Role":               func() any { return &rbacv1.Role{} },
	"rbac.authorization.k8s.io/v1 RoleBinding":        func() any { return &rbacv1.RoleBinding{} },
	"admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy": func() any {
		return &admissionv1.ValidatingAdmissionPolicy{}
	},
	"admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding": func() any {
		return &admissionv1.ValidatingAdmissionPolicyBinding{}
	},
	"redis-metrics.dev/v1alpha1 Redis":     func() any { return &v1alpha1.Redis{} },
	"apiregistration.k8s.io/v1 APIService": func() any { return &apiService{} },
	"apiextensions.k8s.io/v1 CustomResourceDefinition": func() any {
		return &customResourceDefinition{}
	},
	"v1 ResourceQuota":                              func() any { return &corev1.ResourceQuota{} },
	"policy/v1 PodDisruptionBudget":                 func() any { return &policyv1.PodDisruptionBudget{} },
	"networking.k8s.io/v1 NetworkPolicy":            func() any { return &networkingv1.NetworkPolicy{} },
	"cert-manager.io/v1 Issuer":                     func() any { return &issuer{} },
	"cert-manager.io/v1 Certificate":                func() any { return &certificate{} },
	"kustomize.config.k8s.io/v1beta1 Kustomization": func() any { return &kustomization{} },
	"kustomize.config.k8s.io/v1alpha1 Component":    func() any { return &kustomization{} },
}

// apiService holds the fields that the manifests may set. It has no caBundle, which is the adapter's
// to write, and no insecureSkipTLSVerify, which nobody may set.
type apiService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Group                string `json:"group"`
		Version              string `json:"version"`
		GroupPriorityMinimum int32  `json:"groupPriorityMinimum"`
		VersionPriority      int32  `json:"versionPriority"`
		Service              struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
			Port      int32  `json:"port"`
		} `json:"service"`
	} `json:"spec"`
}

// customResourceDefinition leaves the schemas as they come: the API server judges them.
type customResourceDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Group string `json:"group"`
		Names struct {
			Categories []string `json:"categories"`
			Kind       string   `json:"kind"`
			ListKind   string   `json:"listKind"`
			Plural     string   `json:"plural"`
			ShortNames []string `json:"shortNames"`
			Singular   string   `json:"singular"`
		} `json:"names"`
		Scope    string `json:"scope"`
		Versions []struct {
			Name                     string           `json:"name"`
			Served                   bool             `json:"served"`
			Storage                  bool             `json:"storage"`
			Schema                   map[string]any   `json:"schema"`
			Subresources             map[string]any   `json:"subresources"`
			AdditionalPrinterColumns []map[string]any `json:"additionalPrinterColumns"`
		} `json:"versions"`
	} `json:"spec"`
}

type kustomization struct {
	metav1.TypeMeta `json:",inline"`
	Resources       []string `json:"resources"`
	Labels          []struct {
		Pairs            map[string]string `json:"pairs"`
		IncludeTemplates bool              `json:"includeTemplates"`
	} `json:"labels"`
	Images []struct {
		Name    string `json:"name"`
		NewName string `json:"newName"`
		NewTag  string `json:"newTag"`
	} `json:"images"`
	Patches []struct {
		Target struct {
			Kind      string `json:"kind"`
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"target"`
		Patch string `json:"patch"`
	} `json:"patches"`
}

// issuer and certificate hold the fields of cert-manager.io/v1 that the manifests use.
// Source: https://cert-manager.io/docs/reference/api-docs/
type issuer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SelfSigned *struct{} `json:"selfSigned"`
		CA         *struct {
			SecretName string `json:"secretName"`
		} `json:"ca"`
	} `json:"spec"`
}

type certificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		IsCA        bool             `json:"isCA"`
		CommonName  string           `json:"commonName"`
		SecretName  string           `json:"secretName"`
		Duration    *metav1.Duration `json:"duration"`
		RenewBefore *metav1.Duration `json:"renewBefore"`
		PrivateKey  struct {
			Algorithm      string `json:"algorithm"`
			Size           int    `json:"size"`
			RotationPolicy string `json:"rotationPolicy"`
		} `json:"privateKey"`
		Usages    []string `json:"usages"`
		DNSNames  []string `json:"dnsNames"`
		IssuerRef struct {
			Group string `json:"group"`
			Kind  string `json:"kind"`
			Name  string `json:"name"`
		} `json:"issuerRef"`
	} `json:"spec"`
}

// manifest is one document of one file.
type manifest struct {
	path   string
	object any
}

// load decodes every document below a folder strictly.
func load(t *testing.T, dir string) []manifest {
	t.Helper()
	var all []manifest
	for _, path := range yamlFiles(t, dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
			object, err := decode(document)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			all = append(all, manifest{path, object})
		}
	}
	if len(all) == 0 {
		t.Fatalf("no manifests in %s", dir)
	}
	return all
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// decode refuses unknown and repeated fields, and takes the case of a field's name seriously.
func decode(document []byte) (any, error) {
	var meta metav1.TypeMeta
	data, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, err
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &meta); err != nil {
		return nil, err
	}
	construct, ok := kinds[meta.APIVersion+" "+meta.Kind]
	if !ok {
		return nil, errors.New("no type to decode " + meta.APIVersion + " " + meta.Kind + " into: add it to kinds")
	}
	object := construct()
	strict, err := kjson.UnmarshalStrict(data, object)
	return object, errors.Join(append(strict, err)...)
}

// all returns the objects of one type in a folder, by name.
func all[T any](t *testing.T, dir string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, m := range load(t, dir) {
		if object, ok := m.object.(T); ok {
			found[any(object).(metav1.Object).GetName()] = object
		}
	}
	return found
}

// only returns the one object of a type in a folder.
func only[T any](t *testing.T, dir string) T {
	t.Helper()
	found := all[T](t, dir)
	if len(found) != 1 {
		t.Fatalf("%s holds %d objects of type %T, want one", dir, len(found), *new(T))
	}
	for _, object := range found {
		return object
	}
	panic("unreachable")
}

func TestManifestsDecodeStrictly(t *testing.T) {
	load(t, ".")
}

func TestDecodeRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"unknown field":    "apiVersion: v1\nkind: Service\nspec: {porst: []}",
		"wrong case":       "apiVersion: v1\nkind: Service\nspec: {Ports: []}",
		"repeated field":   "apiVersion: v1\nkind: Service\nspec: {type: ClusterIP, type: NodePort}",
		"unknown kind":     "apiVersion: v1\nkind: Secret",
		"skipped TLS":      "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec: {insecureSkipTLSVerify: true}",
		"a CA of our own":  "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec: {caBundle: eA==}",
		"no kind whatever": "spec: {}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode([]byte(document)); err == nil {
				t.Errorf("decoded, want an error:\n%s", document)
			}
		})
	}
}

func TestKustomizationsNameEveryFile(t *testing.T) {
	// Two forms of one object cannot stand in one kustomization.
	alternatives := []string{"samples/hpa-value.yaml", "samples-queue/hpa-stream.yaml"}

	covered := slices.Clone(alternatives)
	for _, path := range yamlFiles(t, ".") {
		if filepath.Base(path) != kustomizationFile {
			continue
		}
		covered = append(covered, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		object, err := decode(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, resource := range object.(*kustomization).Resources {
			file := filepath.Join(filepath.Dir(path), resource)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s names a file that does not exist: %v", path, err)
			}
			covered = append(covered, file)
		}
	}
	for _, path := range yamlFiles(t, ".") {
		if !slices.Contains(covered, path) {
			t.Errorf("no kustomization names %s: add it to the resources of %s beside it", path, kustomizationFile)
		}
	}
}

func TestNoTLSVerificationIsSkipped(t *testing.T) {
	for _, path := range yamlFiles(t, ".") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(data)), "insecureskiptlsverify") {
			t.Errorf("%s speaks of insecureSkipTLSVerify: the adapter writes its CA into the APIServices instead", path)
		}
	}
}
