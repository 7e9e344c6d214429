# What the scripts beside this one say, and how. Each runs in the copy that overlay.sh makes.
set -uo pipefail
wants=/etc/systemd/system

problem() { echo "$*"; }
quietly() { "$@" >log 2>&1 || problem "$* ended with $?: $(tail -n 5 log)"; }
is_enabled() { ls $wants/*.wants/"$1" >/dev/null 2>&1; }

# Every file of the machine, but for what package managers keep for themselves.
files() {
  find /etc /opt /usr /var -xdev \( -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/rpm \
    -o -path /var/tmp -o -path /usr/bin/systemctl \) -prune -o -print | sort
}
left_since() { files | comm -13 "$1" - | tr '\n' ' '; }

has_user() {
  [ "$(getent passwd rolekeeper | cut -d: -f7)" = /usr/sbin/nologin ] || problem 'there is no user rolekeeper without a shell'
  getent group rolekeeper >/dev/null || problem 'there is no group rolekeeper'
}

# As if systemd ran: what it would be told to do is written to `calls`, and what only moves links is done.
record_systemctl() {
  mkdir -p /run/systemd/system
  mv /usr/bin/systemctl /usr/bin/systemctl.real
  cat >/usr/bin/systemctl <<'END'
#!/bin/bash
echo "$*" >>/root/check/calls
words=()
for word; do case $word in --now | --no-reload | --root=/) ;; *) words+=("$word") ;; esac; done
case " $* " in
*' --root=/root'*) exec systemctl.real "$@" ;;
*' enable '* | *' disable '* | *' preset '*) exec systemctl.real --root=/ "${words[@]}" ;;
esac
END
  chmod 755 /usr/bin/systemctl
}
called() {
  local found
  found=$(cat calls 2>/dev/null)
  rm -f calls
  [ "$found" = "$1" ] || problem "$2: systemctl was to be called with
$1
and was called with
$found"
}
