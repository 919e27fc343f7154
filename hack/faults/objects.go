package faults

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// Objects creates, changes and deletes Redis objects of a namespace, and informs the verifier. It is not safe for
// concurrent use.
type Objects struct {
	client   dynamic.Interface
	in       dynamic.ResourceInterface
	verifier *verifier.Verifier
	common   map[string]any
	made     map[string]made
	// metrics is the path of the metrics of objects, and revision the newest one of
	// Revised.
	metrics  string
	revision int
}

// made is how an object was created.
type made struct {
	where map[string]any
	truth *verifier.Truth
}

// NewObjects returns the objects of a namespace. common is their spec without the addresses of the servers.
func NewObjects(client dynamic.Interface, l *verifier.Verifier, namespace string, common map[string]any) *Objects {
	redises := schema.GroupVersionResource{Group: "redis-metrics.dev", Version: "v1alpha1", Resource: "redises"}
	return &Objects{
		client: client, in: client.Resource(redises).Namespace(namespace), verifier: l, common: common, made: map[string]made{},
		metrics: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + namespace + "/redises.redis-metrics.dev/",
	}
}

// At returns the part of a spec that names a single server.
func At(address string) map[string]any { return map[string]any{"address": address} }

// Make creates an object, whose servers truth describes.
func (o *Objects) Make(ctx context.Context, name string, where map[string]any, truth *verifier.Truth) error {
	return o.bind(name, made{where, truth}, func() error { return o.create(ctx, name, where) })
}

// create creates an object without informing the verifier. It and delete are safe for concurrent use.
func (o *Objects) create(ctx context.Context, name string, where map[string]any) error {
	spec := maps.Clone(o.common)
	maps.Copy(spec, where)
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis", "spec": spec}}
	object.SetName(name)
	_, err := o.in.Create(ctx, object, metav1.CreateOptions{})
	return err
}

func (o *Objects) delete(ctx context.Context, name string) error {
	return o.in.Delete(ctx, name, metav1.DeleteOptions{})
}

// Delete deletes an object.
func (o *Objects) Delete(ctx context.Context, name string) error {
	return o.bind(name, made{where: o.made[name].where}, func() error { return o.delete(ctx, name) })
}

// Edit changes the spec of an object. Without a truth it names no server.
func (o *Objects) Edit(ctx context.Context, name, patch string, truth *verifier.Truth) error {
	return o.bind(name, made{o.made[name].where, truth}, func() error {
		_, err := o.in.Patch(ctx, name, types.MergePatchType, []byte(`{"spec":`+patch+`}`), metav1.PatchOptions{})
		return err
	})
}

// Label labels an object.
func (o *Objects) Label(ctx context.Context, name, value string) error {
	_, err := o.in.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"labels":{"fault":"`+value+`"}}}`), metav1.PatchOptions{})
	return err
}

func (o *Objects) bind(name string, as made, do func() error) error {
	from := time.Now()
	if err := do(); err != nil {
		return err
	}
	o.made[name] = as
	o.verifier.Bind(name, verifier.Span{From: from, To: time.Now()}, as.truth)
	return nil
}

// path returns the path of a metric of an object.
func (o *Objects) path(name string) string { return o.metrics + name + "/" + verifier.Keys }

// Revised is an object whose values are the revision of its spec.
const Revised = "revised"

// MakeRevised creates it.
func (o *Objects) MakeRevised(ctx context.Context, address string) error {
	where := At(address)
	truth := o.nextRevision(where)
	return o.Make(ctx, Revised, where, truth)
}

// revise edits it.
func (o *Objects) revise(ctx context.Context) error {
	where := maps.Clone(o.made[Revised].where)
	truth := o.nextRevision(where)
	return o.bind(Revised, made{where, truth}, func() error {
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"metrics": where["metrics"]}})
		if err == nil {
			_, err = o.in.Patch(ctx, Revised, types.MergePatchType, patch, metav1.PatchOptions{})
		}
		return err
	})
}

// nextRevision declares the next revision.
func (o *Objects) nextRevision(where map[string]any) *verifier.Truth {
	o.revision++
	where["metrics"] = verifier.RevisionDeclared(o.revision)
	return verifier.Revision(o.revision)
}

const (
	// revisions is how often Revised is changed in a row. Every fourth time it is deleted and created
	// again.
	revisions, untilDeleted = 12, 4
	// revising is the time between two changes: longer than the adapter may take to learn of
	// one.
	revising = 1500 * time.Millisecond
)

func revisedOften(ctx context.Context, s *Subject, hold func()) error {
	hold()
	for n := range revisions {
		err := error(nil)
		if (n+1)%untilDeleted == 0 {
			if err = s.Objects.Delete(ctx, Revised); err == nil {
				verifier.Sleep(ctx, revising)
				err = s.Objects.MakeRevised(ctx, s.Server.Addr)
			}
		} else {
			err = s.Objects.revise(ctx)
		}
		if err != nil {
			return err
		}
		verifier.Sleep(ctx, revising)
	}
	return nil
}

// definition is the CustomResourceDefinition.
const definition = "redises.redis-metrics.dev"

// without deletes the definition of the objects, and so all objects, runs do, and creates all of them again.
func (o *Objects) without(ctx context.Context, s *Subject, do func()) error {
	definitions := o.client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	was, err := definitions.Get(ctx, definition, metav1.GetOptions{})
	if err != nil {
		return err
	}
	all := maps.Clone(o.made)
	from := time.Now()
	if err := definitions.Delete(ctx, definition, metav1.DeleteOptions{}); err != nil {
		return err
	}
	err = s.until(ctx, "the definition is deleted", func(ctx context.Context) bool {
		_, err := definitions.Get(ctx, definition, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	if err != nil {
		return err
	}
	for name := range all {
		o.verifier.Bind(name, verifier.Span{From: from, To: time.Now()}, nil)
	}
	do()
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
		unstructured.RemoveNestedField(was.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(was.Object, "status")
	if _, err := definitions.Create(ctx, was, metav1.CreateOptions{}); err != nil {
		return err
	}
	for name, one := range all {
		err := s.until(ctx, "objects can be made", func(ctx context.Context) bool {
			err = o.Make(ctx, name, one.where, one.truth)
			return err == nil || apierrors.IsAlreadyExists(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// objects returns the rows of the object in the API.
func objects() []Fault {
	row := func(f Fault, inject func(ctx context.Context, s *Subject, hold func()) error) Fault {
		f.Scope, f.inject = Object, inject
		return f
	}
	nowhere := func(name, how, patch string, reasons ...reason.Reason) Fault {
		return row(Fault{Name: name, How: how, Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 4, Reasons: reasons},
			injecting(func(ctx context.Context, s *Subject) error { return s.Objects.Edit(ctx, s.Object, patch, nil) }, restoreAddress))
	}
	return []Fault{
		row(Fault{
			Name: "an object is edited, deleted and created again, over and over", How: "patches of spec.metrics, deletes and creates, each acknowledged 1.5 s before the next", Object: Revised, Brief: true,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 4,
		}, revisedOften),
		row(Fault{Name: "the labels of the object change", How: "patch of metadata", Within: 1},
			injecting(
				func(ctx context.Context, s *Subject) error { return s.Objects.Label(ctx, s.Object, "on") },
				func(ctx context.Context, s *Subject) error { return s.Objects.Label(ctx, s.Object, "off") })),
		row(Fault{Name: "the object names another server", How: "patch of spec.address, and back", Levels: verifier.Renews, Rates: verifier.Renews, Within: 4},
			injecting(func(ctx context.Context, s *Subject) error {
				return s.Objects.Edit(ctx, s.Object, `{"address":"`+s.SpareAddress+`"}`, s.Spare.Truth())
			}, restoreAddress)),
		nowhere("the object names a host that does not exist", "patch of spec.address, and back", `{"address":"no-such-host.invalid:6379"}`,
			reason.NameNotResolved, reason.Timeout, reason.ConnectionFailed),
		nowhere("the object names a database that does not exist", "patch of spec.database, and back", `{"database":99}`, reason.DatabaseOutOfRange),
		row(Fault{Name: "the object is deleted, and created again later", How: "delete, create", Levels: verifier.Refuses, Rates: verifier.Refuses, Within: 4},
			func(ctx context.Context, s *Subject, hold func()) error {
				err := s.Objects.Delete(ctx, s.Object)
				hold()
				return errors.Join(err, s.Objects.Make(ctx, s.Object, At(s.Server.Addr), s.Load.Truth()))
			}),
		row(Fault{Name: "the object is replaced by one of the same name that names another server", How: "delete and create; then the reverse", Levels: verifier.Renews, Rates: verifier.Renews, Within: 4},
			func(ctx context.Context, s *Subject, hold func()) error {
				err := errors.Join(s.Objects.Delete(ctx, s.Object), s.Objects.Make(ctx, s.Object, At(s.SpareAddress), s.Spare.Truth()))
				hold()
				return errors.Join(err, s.Objects.Delete(ctx, s.Object), s.Objects.Make(ctx, s.Object, At(s.Server.Addr), s.Load.Truth()))
			}),
	}
}

// restoreAddress makes the object name its own server again.
func restoreAddress(ctx context.Context, s *Subject) error {
	return s.Objects.Edit(ctx, s.Object, `{"address":"`+s.Server.Addr+`","database":0}`, s.Load.Truth())
}
