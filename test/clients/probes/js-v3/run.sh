#!/bin/sh
# Runs the probe with what prepare.sh installed in the same CACHE_DIR, under the project's own Node: see ../README.md.
here=$(dirname "$0")
exec "$here/../../../../node_modules/.bin/node" "$here/probe.mjs" "$1"
