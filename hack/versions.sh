#!/usr/bin/env bash
# Fails if two modules that "make demo" builds, or the comparison with the HPA controller, compile different versions of a third. The go command compiles a package
# once for all programs only if the package and everything that it imports have the same versions in each.
set -euo pipefail
cd "$(dirname "$0")/.."

# compiled MODULE_DIR PACKAGE prints what a build of the package compiles, as "module version MODULE_DIR".
compiled() {
  (cd "$1" && CGO_ENABLED=0 go list -deps \
    -f "{{with .Module}}{{if not .Main}}{{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}} $1{{end}}{{end}}" "$2")
}

# Not hack/tools/kubernetes-*: a release has its own versions of everything, and only "make test-skew" builds the older ones.
modules=(hack/tools/etcd hack/tools/kubernetes hack/tools/kwok)
{
  compiled . ./cmd/redis-metrics-adapter
  compiled hack ./cmd/demo
  for module in "${modules[@]}"; do compiled "$module" tool; done
  compiled hack/hpa k8s.io/kubernetes/pkg/controller/podautoscaler
} | awk '
  NF == 3 && !seen[$0]++ { # the tree itself has no version
    versions[$1] += !known[$1, $2]++
    where[$1] = where[$1] "\n  " $2 " in " $3
  }
  END {
    for (module in versions) if (versions[module] > 1) { print module where[module]; failed = 1 }
    exit failed
  }'
