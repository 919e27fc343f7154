#!/usr/bin/env bash
# Installs what tests need beside Go and finds missing: a redis-server to hold the adapter against, and a C compiler
# for the race detector. For the node tier, on Linux: what runc is linked against, and what kube-proxy calls. For the page of
# "top --web": a browser without a window, without which its test is left out, unless REQUIRE_CHROMIUM=1.
# Usage: install.sh redis|compiler|seccomp|nftables|chromium ...
set -euo pipefail

fail() {
  echo "$1" >&2
  exit 1
}

apt_install() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "$* missing: run \"apt-get install $*\" as root"
    as_root=(sudo)
  fi
  echo "installing $* with apt-get"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

redis() {
  ! command -v redis-server >/dev/null || return 0
  if command -v apt-get >/dev/null; then
    apt_install redis-server
  elif command -v brew >/dev/null; then
    brew install redis
  fi
  command -v redis-server >/dev/null || fail "redis-server is missing: install Redis 7 or newer and put it on PATH"
}

compiler() {
  ! command -v "$(go env CC)" >/dev/null || return 0
  ! command -v apt-get >/dev/null || apt_install gcc libc6-dev
  command -v "$(go env CC)" >/dev/null || fail "a C compiler is missing: the race detector needs one"
}

seccomp() {
  ! pkg-config --exists libseccomp 2>/dev/null || return 0
  ! command -v apt-get >/dev/null || apt_install gcc libc6-dev libseccomp-dev pkg-config
  pkg-config --exists libseccomp || fail "libseccomp is missing: runc is built with its headers and with pkg-config"
}

nftables() {
  ! command -v nft >/dev/null || return 0
  ! command -v apt-get >/dev/null || apt_install nftables
  command -v nft >/dev/null || fail "nft is missing: kube-proxy writes the rules of Services with it"
}

chromium() {
  ! command -v chromium-headless-shell >/dev/null || return 0
  ! command -v apt-get >/dev/null || (apt_install chromium-headless-shell) || true
  command -v chromium-headless-shell >/dev/null || [ "${REQUIRE_CHROMIUM:-}" != 1 ] || fail "chromium-headless-shell is missing: put it on PATH"
}

for what; do
  "$what"
done
