#!/usr/bin/env bash
# Makes what krew installs the plugin of kubectl from: an archive for each platform, and the manifest with their
# checksums. URL is where the archives will be. Platforms are such as linux-amd64, by default those of the manifest.
# Usage: krew.sh FOLDER VERSION URL [PLATFORM...]
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1 version=$2 url=$3
shift 3
template=deploy/krew/redis-metrics.yaml
[ $# -gt 0 ] || set -- $(sed -n 's/.*sha256: SHA256-//p' "$template")
if ! [[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]]; then
  printf 'krew.sh: VERSION is %s, and krew wants one such as v1.2.3\n' "$version" >&2
  exit 1
fi

content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT
mkdir -p "$folder"
substitutions=(-e '/^#/d' -e "s|VERSION|$version|" -e "s|URL|$url|")
cp LICENSE "$content/"
install -m 755 cmd/kubectl-redis_metrics/kubectl_complete-redis_metrics "$content/"
for platform; do
  GOOS=${platform%-*} GOARCH=${platform#*-} hack/build.sh "$content/kubectl-redis_metrics" . ./cmd/kubectl-redis_metrics "$version"
  archive=$folder/redis-metrics-$platform.tar.gz
  tar -czf "$archive" -C "$content" LICENSE kubectl-redis_metrics kubectl_complete-redis_metrics
  substitutions+=(-e "s|SHA256-$platform|$(openssl dgst -sha256 -r "$archive" | cut -d' ' -f1)|")
done
sed "${substitutions[@]}" "$template" >"$folder/redis-metrics.yaml"
