#!/bin/bash
# Proves every surface with real, unmodified programs and SDKs: `npm run test:clients`, or `npm run test:clients -- boto js`
# for those with one of the words in their name. The agent, its simulated instance and a stand-in for S3 all run in a network
# namespace of their own, so that nothing can leave the machine; what has to come from registries is fetched before that,
# and kept in a cache.
set -eu
cd "$(dirname "$0")/.."
node=node_modules/.bin/node
caches=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/rolekeeper-clients
packages='awscli python3-boto3 rclone s3cmd restic s3fs pgbackrest ruby-aws-sdk-s3 python3-boto duplicity s3backer curl nftables openssl iproute2 libfaketime'

missing=
for package in $packages; do
  dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    apt() { timeout 240 apt-get -o DPkg::Lock::Timeout=200 -qq "$@" >/dev/null 2>&1; }
    apt update || true
    # One by one where all at once fails: the others can still be tried. What is not there is told below, as skipped.
    # shellcheck disable=SC2086
    apt install --yes --no-install-recommends $missing ||
      for package in $missing; do apt install --yes --no-install-recommends "$package" || true; done
  else
    echo "Not installing$missing: that takes root and Debian's apt-get"
  fi
fi

run="ip link set lo up && exec $node test/clients/run.ts \"\$@\""
for isolate in 'unshare --net --mount' 'unshare --user --map-root-user --net --mount'; do
  $isolate sh -c 'ip link set lo up' 2>/dev/null || continue
  prepared=$(mktemp --directory)
  trap 'rm -rf "$prepared"' EXIT
  # At the same time, and compilers give way to programs with short deadlines.
  nice -n 19 $node test/clients/prepare.ts "$caches" "$prepared/report" "$@" &
  $isolate sh -c "$run" sh "$caches" "$prepared/report" "$@"
  exit
done
$node test/clients/run.ts "$caches" none "$@"
