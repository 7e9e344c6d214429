. ./telling.sh
dpkg --purge rolekeeper >/dev/null 2>&1
files >before
getent passwd >users
quietly dpkg --install ./*.deb
has_user
for unit in rolekeeper.service rolekeeper.socket rolekeeper-container.socket; do
  is_enabled $unit || problem "$unit is not enabled"
done
for unit in rolekeeper-line.socket rolekeeper-imds.socket rolekeeper-network.service; do
  ! is_enabled $unit || problem "$unit is enabled"
done
quietly runuser -u rolekeeper -- rolekeeper config check
echo '# ours' >>/etc/rolekeeper/config.toml
rm $wants/sockets.target.wants/rolekeeper-container.socket
quietly dpkg --install ./*.deb
[ "$(tail -n 1 /etc/rolekeeper/config.toml)" = '# ours' ] || problem 'the upgrade replaced the configuration'
! is_enabled rolekeeper-container.socket || problem 'the upgrade enabled a socket that the operator had disabled'
quietly dpkg --remove rolekeeper
left=$(left_since before)
[ "$left" = '/etc/rolekeeper /etc/rolekeeper/config.toml ' ] || problem "removal leaves $left"
quietly dpkg --purge rolekeeper
left=$(left_since before)
[ "$left" = '' ] || problem "the purge leaves $left"
getent passwd | cmp -s - users || problem 'the purge leaves a user'
