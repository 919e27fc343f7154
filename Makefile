# Everything a person or the CI runs here. Start with "make help".

BIN     := $(CURDIR)/bin
# What a --version prints. A tree without git (an archive) says so.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# How many inputs each fuzz target gets, or for how long it runs: 10000x, 10m.
FUZZTIME ?= 10000x
# How long "make soak" breaks things, and "make hostile" attacks.
DURATION ?= 10m
# Arguments for "make demo", "make cluster", "make soak", "make hostile", "make mutants" and "make gremlins", and for the end-to-end tests.
ARGS     ?=
E2E_ARGS ?=
E2E_TIMEOUT ?= 45m
# How long the tests of one package may take.
UNIT_TIMEOUT ?= 30m
# How many parallel tests of one package run at once, however few the processors:
# they wait for failovers of five servers more than they work.
UNIT_PARALLEL ?= 4
# How many packages are tested at once, for the same reason one more than there are processors, and which first: those
# that take longest, so that none of them runs alone at the end.
UNIT_PACKAGES ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
UNIT_FIRST    := ./pkg/topology ./pkg/status ./pkg/redistest ./pkg/poller
# What "make deploy" applies: a folder with a kustomization.
MANIFESTS ?= $(if $(DELEGATE),deploy/delegate,deploy/base)
# The packages below pkg whose operators "make gremlins" changes.
PACKAGES ?= redisinfo history catalog probe provider
# The image that "make image" writes, and for which nodes: amd64 or arm64. deploy/base runs this name.
IMAGE ?= redis-metrics-adapter:dev
ARCH  ?= $(shell go env GOARCH)

export BIN_DIR := $(BIN)

CONTROL_PLANE := etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok
CONTAINERD    := containerd containerd-shim-runc-v2 ctr
NODE          := kubelet kube-proxy $(CONTAINERD) runc cni/ptp cni/host-local cni/loopback coredns
PROMETHEUS    := prometheus promtool
KEDA          := keda-operator keda-adapter
# The releases of Kubernetes that "make test-skew" runs. With a +, the API servers are of two releases.
RELEASES ?= 1.34 newest 1.34+newest
# Of operators whose objects deploy/components holds, the kinds.
CRDS          := crds/cert-manager crds/prometheus-operator

# A real node needs root on Linux. Elsewhere its tests are left out, and say so.
NODE_TIER := $(if $(filter Linux-0,$(shell uname -s)-$(shell id -u)),tools-node $(BIN)/cert-manager)

.NOTPARALLEL: # go builds in parallel by itself
.DEFAULT_GOAL := help

##@ Use
.PHONY: help
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: tools build plugin ## Watch the stock HPA scale a StatefulSet on real Redis traffic (about 4 minutes, the first time more); ARGS=--web draws it in the browser
	@hack/install.sh redis
	@hack/build.sh $(BIN)/demo hack ./cmd/demo $(VERSION)
	@exec $(BIN)/demo $(ARGS)

.PHONY: cluster
cluster: tools $(if $(findstring with-adapter,$(ARGS)),build) ## Run a local control plane until Ctrl-C; ARGS=--with-adapter adds the adapter
	@hack/build.sh $(BIN)/cluster hack ./cmd/cluster $(VERSION)
	@exec $(BIN)/cluster $(ARGS)

.PHONY: node
node: tools-node build ## Run a local control plane with a real node until Ctrl-C (root on Linux)
	@exec $(BIN)/node $(ARGS)

.PHONY: bench bench-sample bench-reaction bench-api bench-isolation bench-delegate bench-scale bench-limits
bench: BENCH = BenchmarkAdapter
bench: tools build launcher ## Measure cost and speed against bare counterparts (about 30 minutes); JSON and profiles go to _output/bench
	@go test -c -o $(BIN)/sampler.test ./pkg/sampler
	@hack/build.sh $(BIN)/minimal-adapter hack ./bench/minimal $(VERSION)
	@cd hack && CGO_ENABLED=0 go test -trimpath -count=1 -timeout 0 -run '^$$' -bench '^$(BENCH)$$/$(PART)' -benchtime=1x ./bench $(ARGS)
bench-sample: ## Measure a sample against a bare INFO by go-redis
bench-reaction: ## Measure how soon the API and the HPA follow a step in the load
bench-api: ## Measure requests against a minimal adapter on the same library
bench-isolation: ## Measure what 250 objects that hang in all ways do to 250 others
bench-delegate: ## Measure what each failure of another adapter does to requests for Redis metrics
bench-scale: ## Measure 100, 1,000 and 10,000 objects
bench-sample bench-reaction bench-api bench-isolation bench-delegate bench-scale: bench-%:
	@$(MAKE) --no-print-directory bench PART=$*
bench-limits: ## Create and delete 100,000 objects, then sample as many as there may be open files (about an hour); PART=churn ARGS=-churn=10000
	@$(MAKE) --no-print-directory bench BENCH=BenchmarkLimits

.PHONY: bench-peers
bench-peers: setup tools build $(addprefix $(BIN)/,prometheus prometheus-adapter redis_exporter $(KEDA) crds/keda) ## Measure beside KEDA and prometheus-adapter (about 45 minutes, the first time more); ARGS='-part=reaction -steps=2' measures less
	@cd hack && CGO_ENABLED=0 go test -trimpath -count=1 -timeout 0 -run '^$$' -bench '^BenchmarkPeers$$' -benchtime=1x ./peers $(ARGS)

.PHONY: deploy
deploy: ## Apply MANIFESTS with your kubectl, unless another adapter serves the custom metrics API; FORCE=1 takes its place, DELEGATE=1 takes it and keeps its metrics
	@hack/deploy.sh $(MANIFESTS)

##@ Build
.PHONY: build
build: ## Build bin/redis-metrics-adapter, static
	@hack/build.sh $(BIN)/redis-metrics-adapter . ./cmd/redis-metrics-adapter $(VERSION)

.PHONY: image
image: ## Write _output/redis-metrics-adapter-ARCH.tar, the image of the adapter, without a container engine
	@GOOS=linux GOARCH=$(ARCH) hack/build.sh _output/$(ARCH)/redis-metrics-adapter . ./cmd/redis-metrics-adapter $(VERSION)
	@cd hack && go run ./cmd/image -name $(IMAGE) -architecture $(ARCH) -version $(VERSION) \
	  -binary ../_output/$(ARCH)/redis-metrics-adapter -output ../_output/redis-metrics-adapter-$(ARCH).tar

.PHONY: plugin
plugin: ## Build bin/kubectl-redis_metrics, the plugin of kubectl, and print how kubectl finds it
	@hack/build.sh $(BIN)/kubectl-redis_metrics . ./cmd/kubectl-redis_metrics $(VERSION)
	@install -m 755 cmd/kubectl-redis_metrics/kubectl_complete-redis_metrics $(BIN)/
	@echo 'kubectl finds the plugin on PATH: export PATH="$(BIN):$$PATH", then run: kubectl redis-metrics doctor'

.PHONY: krew
krew: ## Write _output/krew, from which krew installs the plugin; VERSION=v1.2.3 URL=https://... says where a release has the archives
	@hack/krew.sh _output/krew $(VERSION) $(URL)

# What gives an adapter a clock and host names of its own, on Linux.
.PHONY: launcher
launcher:
	@hack/build.sh $(BIN)/launcher hack ./cmd/launcher $(VERSION)

.PHONY: tools
tools: $(addprefix $(BIN)/,$(CONTROL_PLANE)) ## Build the control plane that demo and tests use (minutes the first time)

.PHONY: tools-node
tools-node: tools $(addprefix $(BIN)/,$(NODE)) ## Build what a real node is made of as well (Linux)
	@hack/install.sh nftables
	@for each in pause traffic worker node; do hack/build.sh $(BIN)/$$each hack ./cmd/$$each $(VERSION) || exit; done

.PHONY: generate
generate: ## Generate deepcopy functions and the CRD from pkg/apis
	@hack/generate.sh

.PHONY: hooks
hooks: ## Check format, lint and the subject at each commit
	git config core.hooksPath .githooks

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BIN) _output

##@ Test
.PHONY: test
test: test-unit fuzz test-e2e ## Run all tests; sets up what is missing

.PHONY: test-unit
test-unit: setup ## Unit and integration tests with the race detector, against real servers of Redis and Valkey
	go test -race -timeout $(UNIT_TIMEOUT) -p $(UNIT_PACKAGES) -parallel $(UNIT_PARALLEL) $(UNIT_FIRST) ./...

.PHONY: test-fast
test-fast: setup ## Unit and integration tests without the race detector, changed packages first
	@UNIT_FIRST='$(UNIT_FIRST)' hack/test-fast.sh -p $(UNIT_PACKAGES) -parallel $(UNIT_PARALLEL)

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	@hack/fuzz.sh $(FUZZTIME)

E2E := setup tools $(addprefix $(BIN)/,$(PROMETHEUS)) $(BIN)/prometheus-adapter $(addprefix $(BIN)/,$(CRDS)) build plugin launcher

.PHONY: test-e2e
test-e2e: $(E2E) $(NODE_TIER) ## End-to-end tests on the real control plane; E2E_ARGS='-run Name' picks some
	@hack/install.sh chromium
	@hack/test-e2e.sh -timeout $(E2E_TIMEOUT) $(E2E_ARGS)
	cd hack/hpa && CGO_ENABLED=0 go test -trimpath -count=1 $(E2E_ARGS) ./...

.PHONY: test-skew
test-skew: $(E2E) $(foreach release,$(sort $(filter-out newest,$(subst +, ,$(RELEASES)))),$(addprefix $(BIN)/skew/$(release)/,$(filter kube%,$(CONTROL_PLANE)))) ## End-to-end tests on older releases of Kubernetes, and on API servers of two releases (over an hour, the first time more); RELEASES=1.34 picks one
	@hack/test-skew.sh "$(RELEASES)" -timeout $(E2E_TIMEOUT) $(E2E_ARGS)

.PHONY: soak
soak: setup tools build launcher ## Break everything for DURATION and hold each answer against the truth; ARGS='-seed=1' repeats an order, ARGS=-server=each takes each server for DURATION
	cd hack && exec go test -count=1 -v -timeout 0 -run '^TestSoak$$' ./soak -duration $(DURATION) $(ARGS)

.PHONY: hostile
hostile: setup tools build launcher ## Attack the adapter for DURATION in all known ways at once, and measure what it does to others (root on Linux)
	cd hack && exec go test -count=1 -v -timeout 0 -run '^TestUnderAttack$$' ./hostile -duration $(DURATION) $(ARGS)

.PHONY: mutants
mutants: setup ## Bring bugs into a copy of the tree, one at a time, and fail unless a test sees each; ARGS='-only=rotation' picks some, ARGS='-n=6' a sample
	cd hack && exec go test -count=1 -v -timeout 0 -run '^TestMutants$$' ./mutants -args -n=-1 $(ARGS)

.PHONY: gremlins
gremlins: setup $(BIN)/gremlins ## Change operators in a copy of the tree, one at a time, and fail unless tests detect more than 85 % of the changes; PACKAGES=probe picks one package
	@hack/gremlins.sh "$(PACKAGES)" $(ARGS)

.PHONY: verify
verify: ## Check format, vet, lint, generated files, module files, known vulnerabilities
	@hack/verify.sh

.PHONY: setup
setup:
	@hack/install.sh redis compiler
	@hack/servers.sh

# A binary of the control plane depends on the module that pins its version, and on nothing else.
$(BIN)/etcd: hack/tools/etcd/go.mod hack/tools/etcd/go.sum
	@hack/build.sh $@ hack/tools/etcd go.etcd.io/etcd/server/v3
$(BIN)/kwok: hack/tools/kwok/go.mod hack/tools/kwok/go.sum
	@hack/build.sh $@ hack/tools/kwok sigs.k8s.io/kwok/cmd/kwok
$(BIN)/kube%: hack/tools/kubernetes/go.mod hack/tools/kubernetes/go.sum
	@hack/build.sh $@ hack/tools/kubernetes k8s.io/kubernetes/cmd/kube$*
# Without the file systems that need more than the kernel.
$(addprefix $(BIN)/,$(CONTAINERD)): $(BIN)/%: hack/tools/containerd/go.mod hack/tools/containerd/go.sum
	@GOFLAGS=-tags=no_btrfs,no_zfs,no_devmapper hack/build.sh $@ hack/tools/containerd github.com/containerd/containerd/v2/cmd/$*
# Its seccomp filters, which the pods of deploy/ ask for, are made by a C library.
$(BIN)/runc: hack/tools/runc/go.mod hack/tools/runc/go.sum
	@hack/install.sh seccomp
	@GOFLAGS=-tags=seccomp BUILD_CGO=1 hack/build.sh $@ hack/tools/runc github.com/opencontainers/runc
$(BIN)/cni/host-local: hack/tools/cni/go.mod hack/tools/cni/go.sum
	@hack/build.sh $@ hack/tools/cni github.com/containernetworking/plugins/plugins/ipam/$(@F)
$(BIN)/cni/%: hack/tools/cni/go.mod hack/tools/cni/go.sum
	@hack/build.sh $@ hack/tools/cni github.com/containernetworking/plugins/plugins/main/$*
$(BIN)/coredns: hack/tools/coredns/go.mod hack/tools/coredns/go.sum hack/tools/coredns/main.go
	@hack/build.sh $@ hack/tools/coredns .
# Without service discovery, which is most of both and which no test needs.
$(addprefix $(BIN)/,$(PROMETHEUS)): $(BIN)/%: hack/tools/promtool/go.mod hack/tools/promtool/go.sum
	@GOFLAGS=-tags=remove_all_sd hack/build.sh $@ hack/tools/promtool github.com/prometheus/prometheus/cmd/$*
$(BIN)/prometheus-adapter: hack/tools/prometheus-adapter/go.mod hack/tools/prometheus-adapter/go.sum
	@hack/build.sh $@ hack/tools/prometheus-adapter sigs.k8s.io/prometheus-adapter/cmd/adapter
$(BIN)/redis_exporter: hack/exporter.sh hack/debian.sh
	@hack/exporter.sh $@
$(addprefix $(BIN)/,$(KEDA)): $(BIN)/keda-%: hack/tools/keda/go.mod hack/tools/keda/go.sum
	@hack/build.sh $@ hack/tools/keda github.com/kedacore/keda/v2/cmd/$*
$(BIN)/crds/keda: hack/tools/keda/go.mod
	@hack/crds.sh $@ hack/tools/keda github.com/kedacore/keda/v2 config/crd/bases
$(BIN)/cert-manager: hack/tools/cert-manager/go.mod hack/tools/cert-manager/go.sum hack/tools/cert-manager/main.go
	@hack/build.sh $@ hack/tools/cert-manager .
$(BIN)/crds/cert-manager: hack/tools/cert-manager/go.mod
	@hack/crds.sh $@ hack/tools/cert-manager github.com/cert-manager/cert-manager deploy/crds
$(BIN)/crds/prometheus-operator: hack/tools/prometheus-operator/go.mod
	@hack/crds.sh $@ hack/tools/prometheus-operator github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd

$(BIN)/gremlins: hack/tools/gremlins/go.mod hack/tools/gremlins/go.sum
	@hack/build.sh $@ hack/tools/gremlins github.com/go-gremlins/gremlins/cmd/gremlins

# The folder of an older release; only test-skew needs it.
.SECONDEXPANSION:
$(BIN)/skew/%: hack/tools/kubernetes-$$(*D)/go.mod hack/tools/kubernetes-$$(*D)/go.sum
	@hack/build.sh $@ hack/tools/kubernetes-$(*D) k8s.io/kubernetes/cmd/$(*F)
