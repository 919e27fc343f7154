#!/usr/bin/env bash
# Runs the end-to-end tests, one package after the other. Only the real node runs beside the soak, since both wait more
# than they work; the node's output comes when it has ended. The hostile tier measures, so it runs alone.
# The soak and the hostile tier watch programs that are not built with the race detector. With it, they would take a third
# of the processors that they share; what the soak drives within its own process, TestServers, has it.
# Usage: test-e2e.sh [FLAG...]
set -euo pipefail
cd "$(dirname "$0")"

tests() { go test -count=1 -p 1 -v "$@"; }

packages=$(go list ./... | grep -v '/node/e2e$')
# shellcheck disable=SC2086 # one package a word
tests -race -parallel 3 -skip '^Test(Soak|UnderAttack)$' "$@" $packages

log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests -race -parallel 3 "$@" ./node/e2e >"$log" 2>&1 &
failed=0
tests -skip '^TestServers$' "$@" ./soak || failed=1
wait $! || failed=1
cat "$log"
tests "$@" ./hostile || failed=1
exit "$failed"
