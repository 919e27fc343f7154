#!/usr/bin/env bash
# Applies manifests of the adapter. A cluster has one server for each version of custom.metrics.k8s.io: where another
# one is, nothing is applied, unless FORCE=1 says to take its place.
# Usage: [FORCE=1] deploy.sh DIRECTORY [ARGUMENT-OF-KUBECTL-APPLY ...]
set -euo pipefail

manifests=$1
shift
own=redis-metrics-adapter/redis-metrics-adapter
# On the server's side, so that what another took in the meantime is a conflict and no loss.
apply=(kubectl apply --server-side -k "$manifests" "$@")

foreign=0
for version in v1beta1 v1beta2; do
  name=$version.custom.metrics.k8s.io
  holder=$(kubectl get apiservice "$name" --ignore-not-found -o 'jsonpath={.spec.service.namespace}/{.spec.service.name}')
  if [ -n "$holder" ] && [ "$holder" != "$own" ]; then
    echo "APIService $name belongs to the Service $holder" >&2
    foreign=1
  fi
done

if [ "$foreign" = 1 ] && [ "${FORCE:-}" != 1 ]; then
  cat >&2 <<'TEXT'
Nothing was applied: from then on the metrics of that Service would be served no more, and HorizontalPodAutoscalers
that use them would hold. Remove that adapter and its APIServices, or say FORCE=1 to give them to redis-metrics-adapter.
deploy/docs/migration.md says what to write instead of its metrics.
TEXT
  exit 1
fi
if [ "${FORCE:-}" = 1 ]; then
  apply+=(--force-conflicts)
fi
exec "${apply[@]}"
