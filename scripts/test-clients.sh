#!/bin/bash
# Proves the credential_process surfaces with Debian's AWS CLI and boto3: `npm run test:clients`. The agent, its
# simulated instance and a stand-in for STS all run here, on loopback; where the system allows it, in a network
# namespace of their own, so that nothing can leave the machine.
set -eu
cd "$(dirname "$0")/.."

if ! { [ -x /usr/bin/aws ] && /usr/bin/python3 -c 'import boto3' 2>/dev/null; }; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'Installing awscli and python3-boto3 (apt-get)'
    export DEBIAN_FRONTEND=noninteractive
    # A failure is told below, by the clients that are skipped.
    { apt-get -qq update && apt-get -qq install --yes --no-install-recommends awscli python3-boto3; } >/dev/null || true
  else
    echo "Not installing awscli and python3-boto3: that takes root and Debian's apt-get"
  fi
fi

run='exec node_modules/.bin/node test/clients/run.ts'
isolated="ip link set lo up && $run"
for isolate in 'unshare --net' 'unshare --user --map-root-user --net'; do
  if $isolate sh -c 'ip link set lo up' 2>/dev/null; then
    exec $isolate sh -c "$isolated"
  fi
done
echo 'Without a network namespace of its own: this system allows none. All addresses are on loopback all the same'
exec sh -c "$run"
