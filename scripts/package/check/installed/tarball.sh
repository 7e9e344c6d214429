# this.tar.gz and next.tar.gz
. ./telling.sh
dpkg --purge rolekeeper >/dev/null 2>&1
for each in this next; do
  mkdir $each
  tar -xzf $each.tar.gz --strip-components=1 -C $each
done
files >before
getent passwd >users

# refused WHY WHAT COMMAND...: it must say that, and do nothing.
refused() {
  local why=$1 what=$2 said
  shift 2
  said=$("$@" 2>&1) && problem "it installs $why"
  case $said in "install.sh: $what"*) ;; *) problem "$why it says $said" ;; esac
  [ "$(left_since before)" = '' ] || problem "it leaves $(left_since before) where it installs nothing"
}
chmod 755 /root
refused 'for nobody' 'only root can install' setpriv --reuid 65534 --regid 65534 --clear-groups this/install.sh
mkdir other none
printf '#!/bin/sh\necho s390x\n' >other/uname
chmod 755 other/uname
refused 'on another architecture' 'this release is for' env PATH="/root/check/other:$PATH" this/install.sh
for program in sh id cat; do ln -s "$(command -v $program)" none/; done
refused 'without systemd' 'there is no systemctl here' env PATH=/root/check/none this/install.sh
cp -r next broken
echo >>broken/files/usr/libexec/rolekeeper/credential-process
refused 'what was damaged' '/root/check/broken/files is not what' broken/install.sh
refused 'what it cannot remove' 'this script did not install' this/install.sh --uninstall
refused 'with a tree to remove' '--destdir is for installing' this/install.sh --destdir /tmp --purge

record_systemctl
files >before
quietly this/install.sh
called "--root=/ enable rolekeeper.service
daemon-reload
start rolekeeper.socket rolekeeper-container.socket rolekeeper.service" 'the installation'
has_user
[ "$(stat -c '%a %U %G' /run/rolekeeper)" = '750 rolekeeper rolekeeper' ] || problem 'there is no /run/rolekeeper'
for unit in rolekeeper.service rolekeeper.socket rolekeeper-container.socket; do
  is_enabled $unit || problem "$unit is not enabled"
done
for unit in rolekeeper-line.socket rolekeeper-imds.socket rolekeeper-network.service; do
  ! is_enabled $unit || problem "$unit is enabled"
done
(cd / && sha256sum --check --quiet /usr/lib/rolekeeper/installed-files) || problem 'what is installed is not what the record says'
quietly runuser -u rolekeeper -- rolekeeper config check

quietly this/install.sh
called daemon-reload 'the same again'
grep -q 'nothing changed' log || problem "the same again said $(cat log)"
systemctl disable rolekeeper-container.socket 2>/dev/null
quietly next/install.sh
cmp -s next/files/etc/rolekeeper/config.toml /etc/rolekeeper/config.toml || problem 'the upgrade left an untouched configuration as it was'
quietly this/install.sh
echo '# ours' >>/etc/rolekeeper/config.toml
rm -f calls
quietly next/install.sh
called 'daemon-reload
try-restart rolekeeper.service' 'the upgrade'
[ "$(tail -n 1 /etc/rolekeeper/config.toml)" = '# ours' ] || problem 'the upgrade replaced the configuration'
cmp -s next/files/etc/rolekeeper/config.toml /etc/rolekeeper/config.toml.new || problem 'the upgrade did not leave the new configuration beside it'
! is_enabled rolekeeper-container.socket || problem 'the upgrade enabled a socket that the operator had disabled'
[ ! -e /usr/share/doc/rolekeeper/README.md ] || problem 'the upgrade left a file that the next release does not have'

rm -f calls
quietly /usr/lib/rolekeeper/install.sh --uninstall
called 'disable rolekeeper.service rolekeeper-network.service rolekeeper.socket rolekeeper-container.socket rolekeeper-imds.socket rolekeeper-line.socket
stop rolekeeper.service rolekeeper-network.service rolekeeper.socket rolekeeper-container.socket rolekeeper-imds.socket rolekeeper-line.socket
daemon-reload' 'the removal'
left=$(left_since before)
[ "$left" = '/etc/rolekeeper /etc/rolekeeper/config.toml /etc/rolekeeper/config.toml.new ' ] || problem "removal leaves $left"
[ ! -e /run/rolekeeper ] || problem 'removal leaves the runtime directory'
usermod --append --groups rolekeeper backup
quietly next/install.sh --purge
quietly next/install.sh --purge
left=$(left_since before)
[ "$left" = '' ] || problem "the purge leaves $left"
getent passwd | cmp -s - users || problem 'the purge leaves a user'
! getent group rolekeeper || problem 'the purge leaves the group, which another user had joined'

mkdir image
rm -f calls
quietly next/install.sh --destdir /root/check/image
called '--root=/root/check/image/ enable rolekeeper.service' 'the installation in a tree'
grep -q '^rolekeeper:' image/etc/passwd || problem 'the tree has no user rolekeeper'
[ -L image/etc/systemd/system/sockets.target.wants/rolekeeper.socket ] || problem 'the tree has no socket that is enabled'
[ -x image/usr/bin/rolekeeper ] || problem 'the tree has no executable'
left=$(left_since before)
[ "$left" = '' ] || problem "installing in a tree leaves $left"
