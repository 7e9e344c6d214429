#!/bin/sh
# Runs what prepare.sh made in the same CACHE_DIR: see ../README.md.
exec "$1/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$1/classes:$1/lib/*" Probe
