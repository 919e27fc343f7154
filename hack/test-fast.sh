#!/usr/bin/env bash
# Runs unit and integration tests without the race detector: first those of packages that differ from the last commit,
# then the others, as far as go test has not cached that they pass.
# Usage: test-fast.sh [FLAG...]
set -euo pipefail
cd "$(dirname "$0")/.."

changed=$({ git diff --name-only --diff-filter=d HEAD; git ls-files --others --exclude-standard; } |
  grep -E '^(cmd|pkg|deploy)/.*\.go$' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
if [ -n "$changed" ]; then
  # shellcheck disable=SC2086 # one package a word
  go test "$@" $changed
fi
# shellcheck disable=SC2086
go test "$@" ${UNIT_FIRST:-} ./...
