# The directory ansible, SHA256SUMS and the package: ansible-playbook itself plays it twice.
. ./telling.sh
dpkg --purge rolekeeper >/dev/null 2>&1
version=$(sed -nE 's/.*  rolekeeper_(.*)_[a-z0-9]*\.deb$/\1/p' SHA256SUMS)
sum=$(sha256sum <SHA256SUMS | cut -d' ' -f1)
# By this, Ansible knows that it cannot start anything here.
export debian_chroot=copy ANSIBLE_NOCOLOR=1 ANSIBLE_HOME=/root/check/home ANSIBLE_LOCALHOST_WARNING=false
play() {
  ansible-playbook --inventory localhost, --connection local ansible/site.yml -e "rolekeeper_base=file:///root/check" \
    -e "rolekeeper_version=$version" -e "rolekeeper_sum=$sum" -e '{"rolekeeper_wait": false}' "$@" >log 2>&1
}
play || problem "the first play: $(tail -n 30 log)"
[ "$(rolekeeper --version 2>&1)" = "$version" ] || problem "there is no rolekeeper $version"
grep -q '^static_stability' /etc/rolekeeper/config.toml || problem 'the configuration was not written'
cmp -s /usr/share/doc/rolekeeper/examples/consumer.conf /etc/systemd/system/backup.service.d/rolekeeper.conf ||
  problem 'there is no drop-in'
id -nG backup | grep -qw rolekeeper || problem 'backup is no member of the group'
[ "$(/usr/bin/systemctl --root=/ is-enabled rolekeeper.service)" = enabled ] || problem 'the service is not enabled'
play || problem "the second play: $(tail -n 30 log)"
grep -q 'changed=0 .*failed=0' log || problem "the second play changed something: $(tail -n 40 log)"

play -e '{"rolekeeper_config": "[policy]\nstatic_stability = \"sometimes\"\n"}' && problem 'a wrong configuration is written'
grep -q 'must be imds, always or never' log || problem "a wrong configuration is not explained: $(tail -n 20 log)"
grep -q sometimes /etc/rolekeeper/config.toml && problem 'a wrong configuration was left there'
true
