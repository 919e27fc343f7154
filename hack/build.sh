#!/usr/bin/env bash
# Builds one program, static, and shows that it is still at it when that takes a while. go decides what is to be done.
# BUILD_CGO=1 links it against the C libraries that it needs.
# Usage: build.sh OUTPUT MODULE_DIR PACKAGE [VERSION]
set -euo pipefail

output=$1 module=$2 package=$3
name=$(basename "$output")
cd "$module"

version=${4:-$(go list -f '{{with .Module}}{{.Version}}{{end}}' "$package")}
flags="-s -w -X main.version=$version"
case $package in
k8s.io/kubernetes/*) # what a release build stamps, so that client and server know their versions
  for variable in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $variable.gitVersion=$version"
  done
  ;;
esac

mkdir -p "$(dirname "$output")"
log=$(mktemp)
trap 'kill "$build" 2>/dev/null || true; rm -f "$log"' EXIT

CGO_ENABLED=${BUILD_CGO:-0} go build -v -trimpath -buildvcs=false -ldflags "$flags" -o "$output" "$package" >"$log" 2>&1 &
build=$!

if [ -t 1 ]; then every=1 start='\r' end='\033[K'; else every=30 start='' end='\n'; fi
next=2
while kill -0 "$build" 2>/dev/null; do
  sleep 0.2
  if ((SECONDS >= next)); then
    ((next > 2)) || printf 'building %s %s\n' "$name" "$version"
    next=$((SECONDS + every))
    printf "$start  %s: %ds, %d packages compiled$end" "$name" "$SECONDS" "$(grep -vc '^go: ' "$log" || true)"
  fi
done

if ! wait "$build"; then
  printf 'building %s failed:\n' "$name" >&2
  grep ' ' "$log" | tail -n 40 >&2 # the others are names of packages
  exit 1
fi
((next == 2)) || printf "${start}built %s in %ds${end%'\n'}\n" "$name" "$SECONDS"
