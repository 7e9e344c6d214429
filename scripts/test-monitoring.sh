#!/bin/bash
# Holds the metrics, the alert rules and the dashboard against Prometheus itself: `npm run test:monitoring`. Debian's package
# of it is taken apart into a cache and not installed, so that no service of it is ever started. Everything runs on loopback,
# in a network namespace of its own where that can be had. With the name of a program, that one is run with what was fetched.
set -eu
cd "$(dirname "$0")/.."

leave_out() {
  echo "skipped: all of it: $1"
  echo '0 passed, 0 failed, 1 skipped'
  exit 0
}

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/rolekeeper-monitoring
PATH=$PATH:$cache/usr/bin
if ! command -v promtool >/dev/null || ! command -v prometheus >/dev/null; then
  command -v apt-get >/dev/null || leave_out 'there is no prometheus here, and no apt-get to fetch it with'
  fetched=$(mktemp --directory)
  trap 'rm -rf "$fetched"' EXIT
  echo 'Fetching prometheus (apt-get download)'
  fetch() { (cd "$fetched" && timeout 240 apt-get -qq -o DPkg::Lock::Timeout=200 download prometheus >/dev/null 2>&1); }
  fetch || { timeout 240 apt-get -qq -o DPkg::Lock::Timeout=200 update >/dev/null 2>&1 && fetch; } ||
    leave_out 'there is no prometheus here, and it could not be fetched'
  dpkg --extract "$fetched"/prometheus_*.deb "$fetched/tree"
  mkdir -p "$cache/usr/bin"
  for program in prometheus promtool; do mv "$fetched/tree/usr/bin/$program" "$cache/usr/bin/"; done
fi

run='exec timeout --signal=KILL 300 node_modules/.bin/node '${1:-test/monitoring/run.ts}
for isolate in 'unshare --net' 'unshare --user --map-root-user --net'; do
  $isolate sh -c 'ip link set lo up' 2>/dev/null || continue
  exec $isolate sh -c "ip link set lo up && $run"
done
$run
