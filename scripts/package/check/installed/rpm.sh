# this.rpm, next.rpm and this.tar.gz. Debian's rpm asks twice, and knows none of the packages that ours depends on.
. ./telling.sh
dpkg --purge rolekeeper >/dev/null 2>&1
rpm() { command rpm --force-debian --nodeps "$@"; }
units='rolekeeper.service rolekeeper-network.service rolekeeper.socket rolekeeper-container.socket rolekeeper-imds.socket rolekeeper-line.socket'
# As Fedora and Amazon Linux have it for what they do not name.
mkdir -p /etc/systemd/system-preset
echo 'disable *' >/etc/systemd/system-preset/00-test.preset
record_systemctl
quietly rpm --install this.rpm
quietly rpm --erase rolekeeper
rm -f calls
# The user stays, as Fedora's guidelines want it; this is what a machine looks like that had the package.
files >before

quietly rpm --install this.rpm
called "--no-reload preset $units
daemon-reload" 'the installation'
has_user
[ "$(stat -c '%a %U %G' /run/rolekeeper)" = '750 rolekeeper rolekeeper' ] || problem 'there is no /run/rolekeeper'
for unit in $units; do ! is_enabled "$unit" || problem "$unit is enabled, where presets disable everything"; done
quietly rpm --verify rolekeeper
quietly runuser -u rolekeeper -- rolekeeper config check
tar -xzf this.tar.gz
said=$(./rolekeeper-*/install.sh 2>&1) && problem 'install.sh installs over the package'
[ "$said" = 'install.sh: rolekeeper is installed as an .rpm here: upgrade or remove it with dnf' ] || problem "install.sh said $said"

systemctl enable rolekeeper.service 2>/dev/null
echo '# ours' >>/etc/rolekeeper/config.toml
rm -f calls
quietly rpm --upgrade next.rpm
called 'daemon-reload
daemon-reload
try-restart rolekeeper.service' 'the upgrade'
[ "$(tail -n 1 /etc/rolekeeper/config.toml)" = '# ours' ] || problem 'the upgrade replaced the configuration'
[ -e /etc/rolekeeper/config.toml.rpmnew ] || problem 'the upgrade did not leave the new configuration beside it'
for unit in rolekeeper.service rolekeeper.socket rolekeeper-container.socket; do
  is_enabled $unit || problem "$unit is not enabled any more after the upgrade"
done
[ -d /run/rolekeeper ] || problem 'the upgrade took the runtime directory away'

quietly rpm --erase rolekeeper
called "--no-reload disable --now $units
daemon-reload" 'the removal'
left=$(left_since before)
[ "$left" = '/etc/rolekeeper /etc/rolekeeper/config.toml.rpmnew /etc/rolekeeper/config.toml.rpmsave ' ] || problem "removal leaves $left"
[ ! -e /run/rolekeeper ] || problem 'removal leaves the runtime directory'

rm -r /etc/rolekeeper
echo 'enable rolekeeper.service' >/etc/systemd/system-preset/00-test.preset
quietly rpm --install this.rpm
is_enabled rolekeeper.service || problem 'a preset that enables the service does not'
quietly rpm --erase rolekeeper
left=$(left_since before)
[ "$left" = '' ] || problem "removal leaves $left"
