#!/usr/bin/env bash
# Applies the adapter's manifests. A cluster has one server for each version of custom.metrics.k8s.io. If another adapter
# serves one, this applies nothing, unless FORCE=1 replaces that adapter, or DELEGATE=1 replaces it and sends requests
# for its metrics on to it. DELEGATE_CA=FILE names the CA of its certificate, if its APIServices have no caBundle.
# Usage: [FORCE=1 | DELEGATE=1 [DELEGATE_CA=FILE]] deploy.sh DIRECTORY [ARGUMENT-OF-KUBECTL-APPLY ...]
set -euo pipefail

manifests=$1
shift
name=redis-metrics-adapter
own=$name/$name
group=custom.metrics.k8s.io
# Server-side, so that a concurrent change by somebody else is a conflict and is not overwritten.
apply=(kubectl apply --server-side "$@")

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# field VERSION PATH prints a field of an APIService, or nothing if there is no such APIService.
field() {
  kubectl get apiservice "$1.$group" --ignore-not-found -o "jsonpath=$2"
}

foreign=()
for version in v1beta1 v1beta2; do
  holder=$(field "$version" '{.spec.service.namespace}/{.spec.service.name}')
  if [ -n "$holder" ] && [ "$holder" != "$own" ]; then
    echo "APIService $version.$group belongs to the Service $holder" >&2
    foreign+=("$version")
  fi
done

if [ "${DELEGATE:-}" = 1 ]; then
  # shellcheck source=hack/delegate.sh
  . "$(dirname "$0")/delegate.sh"
  delegate
  exit
fi
# Manifests without APIServices, of an adapter behind another router, take nothing.
if [ "${#foreign[@]}" -gt 0 ] && [ "${FORCE:-}" != 1 ] && grep -qx 'kind: APIService' <<<"$(kubectl kustomize "$manifests")"; then
  cat >&2 <<'TEXT'
Nothing was applied: it would end the metrics of that Service, and HorizontalPodAutoscalers that use them would hold.
To keep them, set DELEGATE=1: requests for them then go on to that Service (see deploy/docs/coexistence.md). To replace
that adapter, remove it and its APIServices, or set FORCE=1. deploy/docs/migration.md says what replaces its metrics.
TEXT
  exit 1
fi
if [ "${FORCE:-}" = 1 ]; then
  apply+=(--force-conflicts)
fi
exec "${apply[@]}" -k "$manifests"
