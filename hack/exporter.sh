#!/usr/bin/env bash
# Fetches the newest redis_exporter from Debian.
# Usage: exporter.sh OUTPUT
set -euo pipefail
. "$(dirname "$0")/debian.sh"

output=$1 package=prometheus-redis-exporter
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$1" >&2
  exit 1
}

lacks=$(lacking)
[ -z "$lacks" ] || fail "redis_exporter comes from Debian by apt, and $lacks"
configure_apt || fail "apt cannot read what this machine is set up with"
[ -n "$mirror" ] || fail "redis_exporter comes from Debian, and no source of apt is Debian's"
echo "fetching $package from Debian sid"
read_suites sid
quietly apt-get -c "$work/apt.conf" install -y --download-only "$package"
dpkg -x "$work/archives/${package}_"*.deb "$work/root"
install -D -m 755 "$work/root/usr/bin/$package" "$output"
echo "  $("$output" --version 2>&1 | head -n 1)"
