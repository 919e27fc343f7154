#!/usr/bin/env bash
# Runs every check, then names each that failed together with the command that repairs it.
set -uo pipefail
cd "$(dirname "$0")/.."

bin=${BIN_DIR:-$PWD/bin}
export BIN_DIR=$bin
failures=()

# check NAME REPAIR FUNCTION runs one check.
check() {
  local start=$SECONDS
  if "$3"; then
    echo "ok    $1 ($((SECONDS - start))s)"
  else
    echo "FAIL  $1: $2"
    failures+=("$1: $2")
  fi
}

# modules leaves out the older releases of Kubernetes, which only test-skew downloads.
modules() { git ls-files --cached --others --exclude-standard -- 'go.mod' '*/go.mod' ':!hack/tools/kubernetes-*' | xargs -n1 dirname; }

tool() { (cd "hack/tools/$1" && go build -o "$bin/$2" "$3"); }

formatted() {
  local files
  files=$(git ls-files --cached --others --exclude-standard -- '*.go' | xargs gofmt -l)
  [ -z "$files" ] || { echo "$files"; return 1; }
}

vetted() { go vet ./... && (cd hack && go vet ./...); }

linted() {
  tool lint golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint || return
  "$bin/golangci-lint" run ./... && (cd hack && "$bin/golangci-lint" run ./...)
}

# prose refuses old words and translated phrases in Markdown and in comments, and makes sure that it still refuses them.
prose() {
  local refused
  tool prose vale github.com/vale-cli/vale/v3/cmd/vale || return
  refused=$("$bin/vale" --config hack/prose/vale.ini --output line --no-exit hack/prose/refused/old.md | cut -d: -f2 | sort -u | wc -l)
  [ "$refused" = "$(grep -c . hack/prose/refused/old.md)" ] || { "$bin/vale" --config hack/prose/vale.ini --output line hack/prose/refused/old.md; echo "not each line of hack/prose/refused/old.md is refused"; return 1; }
  git ls-files --cached --others --exclude-standard -- '*.md' '*.go' ':!hack/prose/refused' ':!*/zz_generated*' |
    xargs "$bin/vale" --config hack/prose/vale.ini --output line
}

generated() { hack/generate.sh --check; }

tidy() {
  local module ok=0
  for module in $(modules); do
    (cd "$module" && go mod tidy -diff) || { echo "in $module"; ok=1; }
  done
  return $ok
}

shared() { hack/versions.sh; }

# pinned refuses an action by tag, which its owner can move to other code.
pinned() {
  ! grep -rnE '^[ -]*uses:' .github/workflows | grep -vE 'uses: [^@]+@[0-9a-f]{40} # v'
}

# vulncheck passes, with a line that says so, when the vulnerability database
# cannot be reached, unless REQUIRE_VULNCHECK=1.
vulncheck() {
  local output code=0
  tool vuln govulncheck golang.org/x/vuln/cmd/govulncheck || return
  output=$("$bin/govulncheck" ./... 2>&1) || code=$?
  case $code in
  0) ;;
  3) echo "$output"; return 1 ;; # govulncheck's exit code for "vulnerabilities found"
  *)
    echo "      govulncheck did not run: $(tail -n 1 <<<"$output")"
    [ "${REQUIRE_VULNCHECK:-}" != 1 ]
    ;;
  esac
}

check format "gofmt -w \$(git ls-files '*.go')" formatted
check vet "mend what go vet names above" vetted
check lint "$bin/golangci-lint run --fix ./... , and fix the rest by hand" linted
check prose "write what the line above says; the rules are in hack/prose/styles" prose
check generated "make generate" generated
check modules "go mod tidy, in the module named above" tidy
check versions "go get the newest version named above in each of the modules, then go mod tidy" shared
check workflows "name each action by its commit, with the version in a comment" pinned
check vulnerabilities "go get the fixed version named above, then go mod tidy" vulncheck

if [ ${#failures[@]} -gt 0 ]; then
  printf '\nverify failed:\n'
  printf '  %s\n' "${failures[@]}"
  exit 1
fi
