#!/bin/bash
# Proves the packet rules of `rolekeeper network`, and the containers' way to the agent: `npm run test:network`. Everything
# runs in network and mount namespaces that are made here and end with it: nothing can leave the machine, and no rule,
# address or user of it is touched. Needs root.
set -eu
cd "$(dirname "$0")/.."

leave_out() {
  echo "skipped: all of it: $1"
  echo '0 passed, 0 failed, 1 skipped'
  exit 0
}

[ "$(id -u)" = 0 ] || leave_out 'it takes root to make network namespaces with users in them'
# Packages by the programs that show they are there.
wanted=()
for pair in nft:nftables ip:iproute2 curl:curl python3:python3 s3cmd:s3cmd setpriv:util-linux; do
  command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
done
if [ "${#wanted[@]}" -gt 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${wanted[*]} (apt-get)"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq -o DPkg::Lock::Timeout=600 update &&
    apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${wanted[@]}"; } >/dev/null || true
fi
for program in nft ip curl python3; do
  command -v "$program" >/dev/null || leave_out "there is no $program here, and it could not be installed"
done
# Whatever becomes of the suite, everything that it has started ends with it.
isolated='unshare --net --mount --pid --fork --kill-child --mount-proc'
$isolated sh -c 'mount -t tmpfs none /run && mkdir /run/netns && ip netns add probe &&
  echo "table inet probe {}" | nft -f -' 2>/dev/null || leave_out 'this system allows no network namespaces or no nftables in them'

exec timeout --signal=KILL 300 $isolated node_modules/.bin/node test/network/run.ts
