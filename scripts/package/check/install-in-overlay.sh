#!/bin/bash
# install-in-overlay.sh DEB DIRECTORY, in a mount namespace of its own: installs, upgrades, removes and purges the package
# on a copy of this machine that is thrown away, and says what went wrong. Exit status 77: no such copy can be made here.
set -euo pipefail
deb=$1 copy=$2
mount -t tmpfs -o size=900m none "$copy" || exit 77
mkdir "$copy/upper" "$copy/work" "$copy/root"
mount -t overlay none -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/root" || exit 77
cp "$deb" "$copy/root/root/rolekeeper.deb"
mount -t proc none "$copy/root/proc"
mount --rbind /dev "$copy/root/dev"
# Without /run/systemd/system nobody starts anything.
mount -t tmpfs none "$copy/root/run"

chroot "$copy/root" /bin/bash -s <<'INSIDE'
set -uo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
cd /root
problem() { echo "$*"; }
quietly() { "$@" >log 2>&1 || problem "$* ended with $?: $(tail -n 5 log)"; }
files() {
  find /etc /opt /usr /var -xdev \( -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/tmp \) -prune -o -print | sort
}
dpkg --purge rolekeeper >/dev/null 2>&1
files >before
getent passwd >users
quietly dpkg --install rolekeeper.deb
[ "$(getent passwd rolekeeper | cut -d: -f7)" = /usr/sbin/nologin ] || problem 'there is no user rolekeeper without a shell'
getent group rolekeeper >/dev/null || problem 'there is no group rolekeeper'
for link in multi-user.target.wants/rolekeeper.service sockets.target.wants/rolekeeper.socket \
  sockets.target.wants/rolekeeper-container.socket; do
  [ -L "/etc/systemd/system/$link" ] || problem "$link is not enabled"
done
for unit in rolekeeper-line.socket rolekeeper-imds.socket rolekeeper-network.service; do
  ! ls /etc/systemd/system/*.wants/"$unit" >/dev/null 2>&1 || problem "$unit is enabled"
done
quietly runuser -u rolekeeper -- rolekeeper config check
echo '# ours' >>/etc/rolekeeper/config.toml
rm /etc/systemd/system/sockets.target.wants/rolekeeper-container.socket
quietly dpkg --install rolekeeper.deb
[ "$(tail -n 1 /etc/rolekeeper/config.toml)" = '# ours' ] || problem 'the upgrade replaced the configuration'
[ ! -e /etc/systemd/system/sockets.target.wants/rolekeeper-container.socket ] ||
  problem 'the upgrade enabled a socket that the operator had disabled'
quietly dpkg --remove rolekeeper
left=$(files | comm -13 before - | tr '\n' ' ')
[ "$left" = '/etc/rolekeeper /etc/rolekeeper/config.toml ' ] || problem "removal leaves $left"
quietly dpkg --purge rolekeeper
left=$(files | comm -13 before - | tr '\n' ' ')
[ "$left" = '' ] || problem "the purge leaves $left"
getent passwd | cmp -s - users || problem 'the purge leaves a user'
INSIDE
