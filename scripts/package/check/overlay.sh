#!/bin/bash
# overlay.sh DIRECTORY SCRIPT FILE..., in mount and network namespaces of its own: runs the script, with the files beside it,
# on a copy of this machine that is thrown away. What it prints is what went wrong. Exit status 77: no such copy can be made.
set -euo pipefail
copy=$1 script=$2
shift 2
mount -t tmpfs -o size=900m none "$copy" || exit 77
mkdir "$copy/upper" "$copy/work" "$copy/root"
mount -t overlay none -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/root" || exit 77
mkdir "$copy/root/root/check"
cp -r "$script" "$@" "$copy/root/root/check"
mount -t proc none "$copy/root/proc"
mount --rbind /dev "$copy/root/dev"
# Without /run/systemd/system nobody starts anything.
mount -t tmpfs none "$copy/root/run"
cd /
chroot "$copy/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
  /bin/bash -c 'cd /root/check && exec bash "$0"' "${script##*/}"
