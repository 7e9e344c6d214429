#!/bin/sh
# Runs what prepare.sh built in the same CACHE_DIR: see ../README.md.
exec "$1/probe"
