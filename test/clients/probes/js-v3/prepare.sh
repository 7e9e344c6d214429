#!/bin/bash
# Installs the SDK into the cache: see ../README.md.
. "$(dirname "$0")/../preparation.sh"
needs npm 'npm'
unless_prepared "$(npm --version)"
rm -rf "$cache/node_modules"
cp package.json package-lock.json "$cache"
fetch npm --prefix "$cache" ci --ignore-scripts --no-audit --no-fund
prepared
