#!/usr/bin/env bash
# Applies manifests of the adapter. A cluster has one server for each version of custom.metrics.k8s.io: where another
# one is, nothing is applied, unless FORCE=1 says to take its place, or DELEGATE=1 to take it and to send requests for
# its metrics on to it. DELEGATE_CA=FILE has the authority of its certificate, if its APIServices do not.
# Usage: [FORCE=1 | DELEGATE=1 [DELEGATE_CA=FILE]] deploy.sh DIRECTORY [ARGUMENT-OF-KUBECTL-APPLY ...]
set -euo pipefail

manifests=$1
shift
name=redis-metrics-adapter
own=$name/$name
group=custom.metrics.k8s.io
# On the server's side, so that what another took in the meantime is a conflict and no loss.
apply=(kubectl apply --server-side "$@")

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# field VERSION PATH prints a field of an APIService, nothing if there is none.
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
Nothing was applied: from then on the metrics of that Service would be served no more, and HorizontalPodAutoscalers
that use them would hold. Say DELEGATE=1 to keep them: requests for them are then sent on to that Service, as
deploy/docs/coexistence.md says. Or remove that adapter and its APIServices, or say FORCE=1 to give them to
redis-metrics-adapter. deploy/docs/migration.md says what to write instead of its metrics.
TEXT
  exit 1
fi
if [ "${FORCE:-}" = 1 ]; then
  apply+=(--force-conflicts)
fi
exec "${apply[@]}" -k "$manifests"
