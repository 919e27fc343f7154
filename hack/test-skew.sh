#!/usr/bin/env bash
# Runs the end-to-end tests against control planes of several Kubernetes releases, and prints the rows of the README's
# compatibility table. It fails if a test fails, or, unless flags pick tests, if the README has no such row. The logs
# are in _output/skew.
# Usage: test-skew.sh RELEASES [FLAG...], as in test-skew.sh "1.34 newest 1.34+newest" -timeout 45m
set -euo pipefail
cd "$(dirname "$0")/.."

releases=$1
shift
newest=$BIN_DIR logs=$PWD/_output/skew
mkdir -p "$logs"

# programs RELEASE prints the folder of a release: its control plane, and links to the other programs.
programs() {
  [ "$1" != newest ] || { echo "$newest"; return; }
  local folder=$newest/skew/$1 program
  for program in "$newest"/*; do
    [ "$program" = "$newest/skew" ] || [ -e "$folder/${program##*/}" ] || ln -s "$program" "$folder/"
  done
  echo "$folder"
}

version() { "$1/kube-apiserver" --version | sed -E 's/.* v(1\.[0-9]+)\..*/\1/'; }

failed=0 rows=()
for release in $releases; do
  folder=$(programs "${release%+*}") second='' log=$logs/$release.log
  name="Kubernetes $(version "$folder")" result="the end-to-end tests pass"
  if [[ $release == *+* ]]; then
    second=$(programs "${release#*+}")
    name+=" beside $(version "$second")"
    second+=/kube-apiserver
  fi
  echo "$name: the log is $log"
  if ! (cd hack && BIN_DIR=$folder SECOND_API_SERVER=$second go test -count=1 -race -parallel 3 -v ./e2e "$@") >"$log" 2>&1; then
    failed=1
    result="$(grep -c '^--- FAIL: ' "$log" || true) end-to-end tests fail"
    grep -E '^ *--- FAIL: ' "$log" || tail -n 20 "$log"
  fi
  while read -r lacking; do result+="; $lacking"; done < <(sed -nE 's/.*: this release lacks something: (.*)/\1/p' "$log" | sort -u)
  rows+=("| $name | tried | $result |")
done

for row in "${rows[@]}"; do
  echo "$row"
  [[ " $* " == *" -run"* ]] || grep -qxF "$row" README.md || { echo "the README has no such row" >&2; failed=1; }
done
exit "$failed"
