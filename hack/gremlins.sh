#!/usr/bin/env bash
# Changes the operators of packages of pkg, one at a time, and fails unless their tests detect more than 85 % of the
# changes in each package. _output/gremlins has each change and whether a test detected it.
# Usage: gremlins.sh "PACKAGE..." [FLAG...]
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${BIN_DIR:-$PWD/bin} output=$PWD/_output/gremlins config=$PWD/hack/gremlins.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output" "$work/bin" "$work/tree"

# gremlins copies the whole tree that it is given, so it is given one without bin.
cp -R go.mod go.sum pkg deploy "$work/tree"

# gremlins runs go once for the coverage, and then for each change.
#   - Go's coverage has no block for the condition of a case and for a constant, which gremlins takes for untested: here
#     all code counts as covered, so that a change that no test runs has to be detected too.
#   - go test exits with 1 if the code does not compile, which gremlins takes for a test that failed: it expects a 2.
cat >"$work/bin/go" <<'EOF'
#!/bin/sh
set -e
PATH=${PATH#*:}
for last; do :; done
case "$*" in
*-coverprofile*)
  go "$@"
  go list -f '{{range .GoFiles}}{{$.ImportPath}}/{{.}}:1.1,99999.1 1 1{{"\n"}}{{end}}' "$last" >>"$4"
  exit
  ;;
*-failfast*) go build "$last" || exit 2 ;;
esac
exec go "$@"
EOF
chmod +x "$work/bin/go"

# Without vet, which would fail before a test does. A result of the coverage from go's cache would take no time, and
# gremlins derives the timeout of the others from it.
GOFLAGS="$(go env GOFLAGS) -trimpath -vet=off -count=1"
export BIN_DIR=$bin CGO_ENABLED=0 GOFLAGS PATH="$work/bin:$PATH"

failed=()
for package in $1; do
  echo "changing pkg/$package"
  (cd "$work/tree/pkg/$package" && "$bin/gremlins" unleash --config "$config" --output "$output/$package.json" "${@:2}") |
    tee "$output/$package.txt" || failed+=("$package")
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "too few changes were detected in ${failed[*]}: write a test for each line of _output/gremlins/PACKAGE.txt with LIVED" >&2
  exit 1
fi
