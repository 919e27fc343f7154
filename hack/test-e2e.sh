#!/usr/bin/env bash
# Runs the end-to-end tests in two queues side by side, since they wait more than they work: the end-to-end tests and the
# soak, beside the real node and the rest, of which two packages run at a time. The output of the second queue comes
# when it has ended. The hostile tier measures, so it runs alone. If a test fails, the output and the logs of all
# processes stay in _output/failed.
# The first queue, the node and the hostile tier watch programs, into which the race detector does not see. With it, their
# own processes would take the processors from these programs. What they drive within their own process has tests in the
# rest, which has it.
# Usage: test-e2e.sh [FLAG...]
set -euo pipefail
cd "$(dirname "$0")"

kept=$(cd .. && pwd)/_output/failed
rm -rf "$kept"
mkdir -p "$kept"
export KEEP_LOGS=$kept
flags=("$@")

tests() { go test -count=1 -v "$@" "${flags[@]}"; }

first() {
  local failed=0
  tests -parallel 5 ./e2e || failed=1
  tests -run '^TestSoak$' ./soak || failed=1
  return "$failed"
}

second() {
  local failed=0 rest
  mapfile -t rest < <(go list ./... | grep -vE '/e2e$')
  tests -parallel 3 ./node/e2e || failed=1
  tests -p 2 -race -parallel 3 -skip '^Test(Soak|UnderAttack)$' "${rest[@]}" || failed=1
  return "$failed"
}

failed=0
second >"$kept/second.log" 2>&1 &
first 2>&1 | tee "$kept/first.log" || failed=1
wait $! || failed=1
cat "$kept/second.log"
tests -run '^TestUnderAttack$' ./hostile 2>&1 | tee "$kept/hostile.log" || failed=1
if [ "$failed" = 0 ]; then
  rm -rf "$kept"
else
  echo "The output and the logs of all processes are in $kept." >&2
fi
exit "$failed"
