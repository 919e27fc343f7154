#!/usr/bin/env bash
# Fetches the newest redis_exporter from Debian and installs nothing: apt works in
# a directory of its own, and verifies signatures as always.
# Usage: exporter.sh OUTPUT
set -euo pipefail

output=$1 package=prometheus-redis-exporter
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$1" >&2
  exit 1
}

for tool in apt-get dpkg; do
  command -v $tool >/dev/null || fail "redis_exporter comes from Debian by apt, and $tool is missing"
done
keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.[gp]*' -print -quit)
[ -n "$keyring" ] || fail "redis_exporter comes from Debian, and the package debian-archive-keyring is missing"
# apt knows the origin of an archive once it has its lists.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1)
[ -n "$mirror" ] || fail "redis_exporter comes from Debian: run \"apt-get update\" as root, with a source that is Debian's"

mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
echo "deb [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
cat >"$work/apt.conf" <<EOF
Dir::State::Lists "$work/lists";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Cache "$work";
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
Acquire::Retries "3";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
echo "fetching $package from Debian sid"
cd "$work"
apt-get -q -c apt.conf update >log 2>&1 && apt-get -q -c apt.conf download "$package" >>log 2>&1 || fail "$(tail -n 20 log)"
dpkg -x "$package"_*.deb root
install -D -m 755 "root/usr/bin/$package" "$output"
echo "  $("$output" --version 2>&1 | head -n 1)"
