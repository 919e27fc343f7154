#!/usr/bin/env bash
# Runs the end-to-end tests in three stages. Tests of a control plane wait more than they work, so two packages run side
# by side: the end-to-end tests beside the real node, then the soak beside the rest. The output of the second comes when
# it has ended. The hostile tier measures, so it runs alone.
# The soak and the hostile tier watch programs that are not built with the race detector. With it, they would take a third
# of the processors that they share; what the soak drives within its own process, TestServers, has it.
# Usage: test-e2e.sh [FLAG...]
set -euo pipefail
cd "$(dirname "$0")"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
flags=("$@")

tests() { go test -count=1 -p 1 -v "$@" "${flags[@]}"; }

# beside runs the packages of its arguments, up to "--", beside the tests that follow.
beside() {
  local second=()
  while [ "$1" != -- ]; do second+=("$1") && shift; done
  shift
  tests -race -parallel 3 "${second[@]}" >"$log" 2>&1 &
  tests "$@" || failed=1
  wait $! || failed=1
  cat "$log"
}

mapfile -t rest < <(go list ./... | grep -vE '/e2e$')
beside ./node/e2e -- -race -parallel 3 ./e2e
beside -skip '^Test(Soak|UnderAttack)$' "${rest[@]}" -- -run '^TestSoak$' ./soak
tests -run '^TestUnderAttack$' ./hostile || failed=1
exit "$failed"
