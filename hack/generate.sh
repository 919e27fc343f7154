#!/usr/bin/env bash
# Generates deepcopy functions and the CRD from the API types, the tables of deploy/docs (of metrics from the catalog, of
# reasons from package reason, of troubles from the doctor, of faults from the matrix, and the examples of the plugin), the help of both commands that tests compare, the role of components/delegate (from the catalog), and the files of the chart that are copies of what kustomize applies.
# With --check it writes nothing and fails when the tree holds anything else.
# Usage: generate.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."

types=pkg/apis/redis/v1alpha1
crds=deploy/base/crd
metrics=TestMetricTable
reasons=TestReasonTable
troubles=TestTroubleTable
faults=TestFaultTable
view=TestViewRole
examples="(TestSimulateExample|TestTopExample)"
copies=deploy/chart/generated
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

(cd hack/tools/codegen && go build -o "$output/controller-gen" sigs.k8s.io/controller-tools/cmd/controller-gen)
"$output/controller-gen" object paths="./$types" output:object:dir="$output/object"
"$output/controller-gen" crd paths="./$types" output:crd:dir="$output/crd"

[ "${1:-}" = --check ] || go test -count=1 -run "^$view\$" ./pkg/catalog -update
mkdir "$output/chart"
cp -r "$output"/crd/* deploy/base/{admission,rbac-users.yaml} deploy/components/prometheus/{alerts.yaml,dashboard.json} "$output/chart/"
cp deploy/components/delegate/view.yaml "$output/chart/delegate-view.yaml"

if [ "${1:-}" = --check ]; then
  diff -u "$types/zz_generated.deepcopy.go" "$output/object/zz_generated.deepcopy.go"
  for file in "$output"/crd/*; do
    diff -u "$crds/$(basename "$file")" "$file"
  done
  diff -ru "$copies" "$output/chart"
  go test -count=1 -run "^($metrics|$view)\$" ./pkg/catalog
  go test -count=1 -run "^$reasons\$" ./pkg/reason
  go test -count=1 -run "^$troubles\$" ./pkg/doctor
  go test -count=1 -run "^$examples\$" ./cmd/kubectl-redis_metrics/app
  (cd hack && go test -count=1 -run "^$faults\$" ./faults)
  exit 0
fi
rm -rf "$copies"
mkdir -p "$crds" "$copies"
cp "$output"/object/*.go "$types/"
cp "$output"/crd/* "$crds/"
cp -r "$output"/chart/* "$copies/"
go test -count=1 -run "^$metrics\$" ./pkg/catalog -update
go test -count=1 -run "^$reasons\$" ./pkg/reason -update
go test -count=1 -run "^$troubles\$" ./pkg/doctor -update
go test -count=1 -run "^$examples\$" ./cmd/kubectl-redis_metrics/app -update
go test -count=1 -run "^TestHelp\$" ./cmd/kubectl-redis_metrics -update
go test -count=1 -run "^TestBinary\$/^help\$" ./cmd/redis-metrics-adapter -update
(cd hack && go test -count=1 -run "^$faults\$" ./faults -update)
