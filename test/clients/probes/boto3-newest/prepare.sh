#!/bin/bash
# Installs boto3 into the cache: see ../README.md.
. "$(dirname "$0")/../preparation.sh"
needs python3 'Python'
python3 -m pip --version >/dev/null 2>&1 || skip 'pip is not on this machine (no `python3 -m pip`)'
python=$(python3 -c 'import sys; print(sys.executable, "%d.%d.%d" % sys.version_info[:3])')
needs_version Python "${python#* }" 3.10
unless_prepared "$python"
rm -rf "$cache/packages"
fetch python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
  --require-hashes --only-binary :all: --requirement requirements.txt --target "$cache/packages"
ln -sfn "${python%% *}" "$cache/python"
prepared
