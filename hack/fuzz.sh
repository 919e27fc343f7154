#!/usr/bin/env bash
# Runs every fuzz target of the adapter's module for so many inputs, or for so long. Only the module's own packages are
# built to guide the fuzzer: with all that they import, go would compile a thousand packages for this alone. They are
# built as build.sh builds, so that one compile serves both.
# With Go 1.26 a duration may end in "context deadline exceeded", which is not a finding
# (golang.org/issue/75804). Shrinking an input that is merely new would take most of the time.
# Usage: fuzz.sh COUNTx|DURATION
set -euo pipefail
cd "$(dirname "$0")/.."

export CGO_ENABLED=0
module=$(go list -m) cache=$(go env GOCACHE)/fuzz
binaries=$(mktemp -d)
trap 'rm -rf "$binaries"' EXIT

packages=$(grep -rEl --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd pkg | xargs -n1 dirname | sort -u)
for package in $packages; do
  binary=$binaries/$(basename "$package").test
  go test -c -vet=off -trimpath -gcflags="$module/...=-d=libfuzzer" -o "$binary" "./$package"
  for name in $(grep -hEo '^func Fuzz[A-Za-z0-9_]*' "$package"/*_test.go | sed 's/func //'); do
    echo "fuzzing $name in ./$package for $1"
    (cd "$package" && "$binary" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$1" -test.fuzzminimizetime 100x \
      -test.fuzzcachedir "$cache/$module/$package" </dev/null)
  done
done
