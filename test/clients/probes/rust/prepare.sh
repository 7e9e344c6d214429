#!/bin/bash
# Builds the probe: see ../README.md.
. "$(dirname "$0")/../preparation.sh"
needs cargo 'Rust'
needs rustc 'Rust'
rust=$(rustc --version | cut -d ' ' -f 2)
needs_version Rust "$rust" 1.94.1
unless_prepared "$rust"
fetch cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')"
build cargo build --locked --offline --target-dir "$cache/target"
cp "$cache/target/debug/rolekeeper-probe" "$cache/probe"
# Several hundred megabytes that only another build of other sources would use.
rm -rf "$cache/target"
prepared
