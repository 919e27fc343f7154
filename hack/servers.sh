#!/usr/bin/env bash
# Fetches the servers that tests run against from Debian's suites, and leaves
# the system as it is: apt works in directories of its own, verifies signatures
# as always, and each server is unpacked with the libraries it needs, its libc
# and loader among them. pkg/redistest/servers.txt lists names and suites.
#
# The result is $BIN_DIR/servers/NAME/{redis,valkey}-server. A server that is
# there stays; "rm -r $BIN_DIR/servers" makes room for newer patches.
#
# What cannot be fetched is a failure if REQUIRE_SERVERS=1, otherwise a note.
# Usage: servers.sh
set -euo pipefail
cd "$(dirname "$0")/.."

table=$PWD/pkg/redistest/servers.txt
servers=${BIN_DIR:-$PWD/bin}/servers
work=$servers/.work
recipe=$(cksum <hack/servers.sh) # a changed script fetches again

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

# quietly COMMAND... tries three times and prints output only of what fails.
quietly() {
  local try
  for try in 1 2 3; do
    ! "$@" >"$work/log" 2>&1 || return 0
    [ $try = 3 ] || sleep $((try * 3))
  done
  tail -n 20 "$work/log" >&2
  return 1
}

# debian_mirror [OPTION...] prints where the machine gets Debian from. apt knows
# the origin of an archive once it has its lists.
debian_mirror() {
  apt-get "$@" indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1
}

configure_apt() {
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  : >"$work/status" # no package is installed, so that apt resolves libc too
  cat >"$work/base.conf" <<EOF
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/status";
Dir::Cache "$work";
Dir::Cache::Archives "$work/archives";
APT::Install-Recommends "false";
APT::Get::List-Cleanup "false";
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
Acquire::Retries "3";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
EOF
  {
    cat "$work/base.conf"
    echo "Dir::Etc::SourceList \"$work/sources.list\"; Dir::Etc::SourceParts \"/dev/null\";"
  } >"$work/apt.conf"
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then # its lists were removed, as images do
    quietly apt-get -c "$work/base.conf" update || return
    mirror=$(debian_mirror -c "$work/base.conf")
  fi
}

# download NAME SUITE puts a server's package and all it depends on into archives.
download() {
  local package=${1%-*}-tools minor=${1#*-} suites=$2 suite versions version
  [ "$2" != experimental ] || suites="sid experimental" # which is not a suite by itself
  rm -f "$work"/archives/*.deb "$work/sources.list"
  for suite in $suites; do
    echo "deb [signed-by=$keyring] $mirror $suite main" >>"$work/sources.list"
  done
  quietly apt-get -c "$work/apt.conf" update || return
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

for tool in apt-get dpkg flock; do
  command -v $tool >/dev/null || missing "servers of other versions come from Debian by apt, and $tool is missing"
done
keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.[gp]*' -print -quit)
[ -n "$keyring" ] || missing "servers of other versions come from Debian, and the package debian-archive-keyring is missing"

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
