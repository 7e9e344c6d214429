#!/bin/bash
# Builds the probe: see ../README.md.
. "$(dirname "$0")/../preparation.sh"
export GOTOOLCHAIN=local CGO_ENABLED=0
needs go 'Go'
go=$(go env GOVERSION)
needs_version Go "${go#go}" 1.24
unless_prepared "$go"
fetch go mod download
build go build -o "$cache/probe" .
prepared
