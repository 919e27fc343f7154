package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9/logging"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/admissionpolicy"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/server"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/servingcert"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/status"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// run wires the packages together and serves until ctx ends. Then requests under way
// are answered, sampling stops, and the Lease is released, in this order.
func run(ctx context.Context, options *Options, version string) error {
	limitMemory(ctx)
	config, err := clientcmd.BuildConfigFromFlags("", options.Kubeconfig)
	if err != nil {
		return fmt.Errorf("--kubeconfig: %w", err)
	}
	config.UserAgent = name + "/" + version
	unlimited := rest.CopyConfig(config)
	unlimited.QPS = -1 // credentials and status limit their requests themselves
	logging.Disable()  // go-redis names addresses, and whatever it tells comes back as an error of the attempt

	policy, err := newEgressPolicy(options, config)
	if err != nil {
		return err
	}
	own := server.NewMetrics(legacyregistry.MustRegister)
	metrics, index, samples := catalog.Builtin(), &target.Index{}, &history.Store{}
	client, err := target.NewClient(unlimited)
	if err != nil {
		return err
	}
	// Serving must outlast ctx until the last request has been answered.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var rooms sync.WaitGroup
	defer rooms.Wait()
	defer stop()

	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	registration, err := register(ctx, options, config, own)
	if err != nil {
		return err
	}
	answers := provider.New(index, samples, metrics, own)
	broadcaster := record.NewBroadcaster(record.WithContext(background))
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: kube.CoreV1().Events("")})
	statuses := status.New(status.Config{
		Client: client, Events: broadcaster.NewRecorder(runtime.NewScheme(), corev1.EventSource{Component: name}),
		Index: index, Histories: samples, Catalog: metrics, Answers: answers, Foreign: registration.Foreign,
	})
	secrets, err := typedcore.NewForConfig(unlimited)
	if err != nil {
		return err
	}
	keeper := credentials.New(secrets.RESTClient(), types.NamespacedName{Namespace: options.Namespace, Name: options.ServiceAccountName})
	guard := admissionpolicy.New(admissionpolicy.Config{
		Client: kube.AdmissionregistrationV1(), Observer: own,
		Policies: []string{secretsPolicy, name + "-addresses", name + "-scripts"},
	})
	rooms.Go(func() { guard.Run(background) })
	rooms.Go(func() {
		if options.RequireSecretsPolicy {
			keeper.Require(func() bool { return guard.Enforced(secretsPolicy) })
			guard.Await(background)
		}
		keeper.Run(background)
	})
	manager := sampler.New(background, sampler.Config{Store: samples, Observer: own, Egress: policy, Credentials: keeper, Reads: metrics.Reads, Listener: func(t *target.Target) {
		if now, ok := index.Get(t.NamespacedName); ok && now.ID() == t.ID() {
			t = now // its formulas have been compiled since sampling began
		}
		answers.Sampled(t)
		statuses.Enqueue(t)
	}})
	defer manager.Stop()
	watcher := target.NewWatcher(background, client, index, sink{keeper, answers, manager, statuses}, func(name string) bool {
		_, builtin := metrics.Lookup(name)
		return builtin
	})
	rooms.Go(func() { watcher.Run(background) })
	rooms.Go(func() { returnMemory(background) })
	rooms.Go(func() { tuneGC(background) })

	certificate, err := certificate(ctx, background, &rooms, options, registration, kube)
	if err != nil {
		return err
	}
	other, err := newDelegate(options, kube)
	if err != nil {
		return err
	}
	serving := server.Config{
		Kubeconfig: options.Kubeconfig,
		Version:    version,
		Provider:   answers,
		Asked: func(object types.NamespacedName) {
			if t, ok := index.Get(object); ok {
				manager.ObserveRequest(t)
			}
		},
		Certificate: certificate,
		Synced:      watcher.Synced,
		Current:     index.Current,
		Warm:        manager.Ready,
		Alive:       manager.Stalled,
	}
	if other != nil {
		rooms.Go(func() { other.Run(background) })
		serving.Delegate = other
	}
	api, err := server.New(options.Server, serving)
	if err != nil {
		return err
	}
	if options.APIService == apiServiceKeep {
		registration.TakeFrom(options.Delegate.place(), func() bool { return watcher.Synced() && manager.Ready() })
	}
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: options.Namespace, Name: options.LeaseName},
		Client:     kube.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: options.Identity},
	}
	rooms.Go(func() { statuses.RunElected(background, lock) })
	return api.PrepareRun().RunWithContext(ctx)
}

// sink passes each change of a target to those that read its credentials, answer for
// it, sample it and write its status.
type sink struct {
	keeper   *credentials.Manager
	answers  *provider.Provider
	manager  *sampler.Manager
	statuses *status.Controller
}

func (s sink) Set(t *target.Target) {
	s.keeper.Set(t)
	s.answers.Set(t) // before the first attempt can end
	s.manager.Set(t)
	s.statuses.Enqueue(t)
}

func (s sink) Remove(t *target.Target) {
	s.manager.Remove(t)
	s.answers.Remove(t)
	s.keeper.Remove(t)
	s.statuses.Enqueue(t)
}

// certificate returns the serving certificate that the adapter makes, nil if flags name files.
func certificate(ctx, background context.Context, rooms *sync.WaitGroup, options *Options, registration *servingcert.Registration, kube kubernetes.Interface) (dynamiccertificates.CertKeyContentProvider, error) {
	if !options.Server.UsesOwnCertificate() {
		rooms.Go(func() { registration.Run(background) })
		return nil, nil
	}
	manager := servingcert.New(servingcert.Config{Client: kube, Registration: registration, SecretName: options.TLSSecretName})
	if err := manager.Ensure(ctx); err != nil {
		return nil, err
	}
	rooms.Go(func() { manager.Run(background) })
	return manager, nil
}
