#!/usr/bin/env bash
# Fetches the servers that tests run against from Debian's suites. Each is unpacked
# with the libraries it needs, its libc and loader among them.
# pkg/redistest/servers.txt lists names and suites.
#
# The result is $BIN_DIR/servers/NAME/{redis,valkey}-server. A server that is
# there stays; "rm -r $BIN_DIR/servers" makes room for newer patches.
#
# What cannot be fetched is a failure if REQUIRE_SERVERS=1, otherwise a note.
# Usage: servers.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/debian.sh

table=$PWD/pkg/redistest/servers.txt
servers=${BIN_DIR:-$PWD/bin}/servers
work=$servers/.work
recipe=$(cat hack/debian.sh hack/servers.sh | cksum) # a changed script fetches again

# missing prints why servers are missing and ends the script.
missing() {
  if [ "${REQUIRE_SERVERS:-}" = 1 ]; then
    echo "$1" >&2
    exit 1
  fi
  echo "$1; tests do without"
  exit 0
}

# complete NAME reports whether a server is there.
complete() { [ -f "$servers/$1/recipe" ] && [ "$(<"$servers/$1/recipe")" = "$recipe" ]; }

# download NAME SUITE puts a server's package and all it depends on into archives.
download() {
  local package=${1%-*}-tools minor=${1#*-} suites=("$2") versions version
  [ "$2" != experimental ] || suites=(sid experimental) # which is not a suite by itself
  rm -f "$work"/archives/*.deb
  read_suites "${suites[@]}" || return
  versions=$(apt-cache -c "$work/apt.conf" madison "$package" | awk '{print $3}')
  version=$(grep -E -m 1 "^([0-9]+:)?${minor//./[.]}[.]" <<<"$versions") ||
    { echo "Debian $2 has no $1: its $package is ${versions//$'\n'/ and }" >&2; return 1; }
  quietly apt-get -c "$work/apt.conf" install -y --download-only "$package=$version"
}

# assemble NAME DIR unpacks archives and puts what a server needs into DIR.
assemble() {
  local flavor=${1%-*} root=$work/root dir=$2 package loader program libraries
  rm -rf "$root" "$dir"
  mkdir -p "$dir/lib"
  for package in "$work"/archives/*.deb; do
    dpkg -x "$package" "$root" || return
  done
  loader=$(find "$root" -type f -name 'ld-linux*.so.*' -print -quit)
  libraries=${loader%/*}
  libraries=${libraries/"$root/usr"/"$root"}
  libraries=$libraries:${libraries/"$root"/"$root/usr"}
  program=$root/usr/bin/$flavor-check-rdb # which is the server, known by its other name
  cp "$program" "$dir/lib/$flavor-server" && cp "$loader" "$dir/lib/" || return
  "$loader" --library-path "$libraries" --list "$program" | awk '$3 ~ "^/" {print $3}' |
    xargs cp -L -t "$dir/lib" || return
  cat >"$dir/$flavor-server" <<EOF
#!/bin/sh
lib=\${0%/*}/lib
exec "\$lib/${loader##*/}" --argv0 "\$0" --library-path "\$lib" "\$lib/$flavor-server" "\$@"
EOF
  chmod +x "$dir/$flavor-server"
  "$dir/$flavor-server" --version >"$dir/version" || return
  echo "$recipe" >"$dir/recipe"
}

fetch() {
  echo "fetching $1 from Debian $2"
  download "$1" "$2" && assemble "$1" "$work/$1" || return
  rm -rf "${servers:?}/$1"
  mv "$work/$1" "$servers/$1"
  echo "  $(cut -d ' ' -f 1-3 "$servers/$1/version")"
}

absent=()
while read -r name suite; do
  complete "$name" || absent+=("$name $suite")
done <"$table"
[ ${#absent[@]} -gt 0 ] || exit 0

lacks=$(lacking flock)
[ -z "$lacks" ] || missing "servers of other versions come from Debian by apt, and $lacks"

mkdir -p "$servers"
exec 9>"$servers/.lock"
flock 9
trap 'rm -rf "$work"' EXIT
rm -rf "$work" # of a run that was killed
configure_apt || missing "apt cannot read what this machine is set up with"
[ -n "$mirror" ] || missing "servers of other versions come from Debian, and no source of apt is Debian's"

failed=()
for row in "${absent[@]}"; do
  read -r name suite <<<"$row"
  complete "$name" || fetch "$name" "$suite" || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || missing "no ${failed[*]}: see above"
