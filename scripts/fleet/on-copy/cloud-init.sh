# user-data.yaml, SHA256SUMS and the packages that it names: cloud-init itself does what the user data says.
. ./telling.sh
dpkg --purge rolekeeper >/dev/null 2>&1
version=$(sed -nE 's/.*  rolekeeper_(.*)_[a-z0-9]*\.deb$/\1/p' SHA256SUMS)
sum=$(sha256sum <SHA256SUMS | cut -d' ' -f1)
seed=/var/lib/cloud/seed/nocloud
mkdir -p $seed /etc/cloud
echo 'instance-id: i-0EXAMPLE' >$seed/meta-data
sed -e 's|https://releases.example.com/rolekeeper/.*|file:///root/check|' -e "s|\"0*\"\$|\"$sum\"|" \
  -e "s|\"0.1.0\"|\"$version\"|" user-data.yaml >$seed/user-data
# No source of data but the seed, and none of the modules that look at disks and networks.
rm -rf /etc/cloud/cloud.cfg.d
cat >/etc/cloud/cloud.cfg <<'END'
datasource_list: [NoCloud]
network: { config: disabled }
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
system_info: { distro: debian }
END
quietly cloud-init init --local
quietly cloud-init init
quietly cloud-init modules --mode config
quietly cloud-init modules --mode final
[ "$(rolekeeper --version 2>&1)" = "$version" ] || problem "there is no rolekeeper $version: $(cat log)"
grep -q '^static_stability' /etc/rolekeeper/config.toml || problem 'the configuration was not kept'
[ -e /etc/systemd/system/backup.service.d/rolekeeper.conf ] || problem 'there is no drop-in'
id -nG backup | grep -qw rolekeeper || problem 'backup is no member of the group'
[ "$(/usr/bin/systemctl --root=/ is-enabled rolekeeper.service)" = enabled ] || problem 'the service is not enabled'

# What is fetched is not what was meant: nothing is installed.
quietly dpkg --purge rolekeeper
sed 's/^................/0123456789abcdef/' SHA256SUMS >other && mkdir bad && cp ./*.deb bad && mv other bad/SHA256SUMS
said=$(/usr/local/sbin/install-rolekeeper file:///root/check/bad "$version" "$sum" 2>&1) && problem 'it trusts other sums'
bad=$(sha256sum <bad/SHA256SUMS | cut -d' ' -f1)
said=$(/usr/local/sbin/install-rolekeeper file:///root/check/bad "$version" "$bad" 2>&1) && problem 'it trusts another package'
[ ! -e /usr/bin/rolekeeper ] || problem "it installed what was not meant: $said"

# The same script where there is dnf, and where there is neither.
mkdir bin && ln -s /usr/bin/* /usr/sbin/* bin/ 2>/dev/null
rm -f bin/apt-get bin/dnf
PATH=/root/check/bin quietly /usr/local/sbin/install-rolekeeper file:///root/check "$version" "$sum"
[ -x /usr/lib/rolekeeper/install.sh ] || problem "the tarball was not installed: $(cat log)"
printf '#!/bin/sh\nfor word; do :; done\n[ -s "$word" ] && echo "$*" >/root/check/dnf-was-told\n' >bin/dnf
printf '#!/bin/sh\n' >bin/systemctl.new && mv -f bin/systemctl.new bin/systemctl
chmod 755 bin/dnf bin/systemctl
PATH=/root/check/bin quietly /usr/local/sbin/install-rolekeeper file:///root/check "$version" "$sum"
case $(cat dnf-was-told 2>&1) in "install --assumeyes ./rolekeeper-$version-1."*.rpm) ;; *) problem "dnf was told $(cat dnf-was-told 2>&1)" ;; esac
