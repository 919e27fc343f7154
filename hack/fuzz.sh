#!/usr/bin/env bash
# Runs every fuzz target of the adapter's module for a bounded time.
# Usage: fuzz.sh DURATION
set -euo pipefail
cd "$(dirname "$0")/.."

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd pkg | sed 's/func //' | sort)
for target in $targets; do # FILE:NAME
  name=${target##*:} package=./$(dirname "${target%:*}")
  echo "fuzzing $name in $package for $1"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" "$package" </dev/null
done
