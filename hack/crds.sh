#!/usr/bin/env bash
# Copies the CustomResourceDefinitions that a module of Go holds, in the version that a module of ours pins.
# Usage: crds.sh OUTPUT_DIR MODULE_DIR MODULE FOLDER
set -euo pipefail
shopt -s failglob

output=$1 module=$2 path=$3 folder=$4
dir=$(cd "$module" && go mod download "$path" && go list -m -f '{{.Dir}}' "$path")

# What is not there as a whole is not there, so that make tries again.
files=("$dir/$folder"/*.yaml)
rm -rf "$output" "$output.new"
mkdir -p "$output.new"
install -m 0644 -t "$output.new" "${files[@]}"
mv "$output.new" "$output"
