#!/bin/sh
# Runs the probe with what prepare.sh installed in the same CACHE_DIR: see ../README.md.
PYTHONPATH="$1/packages" exec "$1/python" -B "$(dirname "$0")/probe.py"
