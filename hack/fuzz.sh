#!/usr/bin/env bash
# Runs every fuzz target of the adapter's module for so many inputs, or for so long.
# With Go 1.26 a duration may end in "context deadline exceeded", which is no finding
# (golang.org/issue/75804). Shrinking an input that is merely new would take most of the time.
# Usage: fuzz.sh COUNTx|DURATION
set -euo pipefail
cd "$(dirname "$0")/.."

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd pkg | sed 's/func //' | sort)
for target in $targets; do # FILE:NAME
  name=${target##*:} package=./$(dirname "${target%:*}")
  echo "fuzzing $name in $package for $1"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" -fuzzminimizetime 100x "$package" </dev/null
done
