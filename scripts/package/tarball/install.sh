#!/bin/sh
# Installs this release of rolekeeper, upgrades to it, or removes it, on a machine without dpkg and rpm: the same files in
# the same places as the packages have. What was installed is in /usr/lib/rolekeeper, with this script to remove it.
set -eu
version=@VERSION@
machine=@MACHINE@

units='rolekeeper.service rolekeeper-network.service rolekeeper.socket rolekeeper-container.socket
rolekeeper-imds.socket rolekeeper-line.socket'
record=usr/lib/rolekeeper/installed-files
config=etc/rolekeeper/config.toml
case $0 in */*) here=$(cd "${0%/*}" && pwd) ;; *) here=$(pwd) ;; esac

usage() {
  cat <<END
install.sh: installs rolekeeper $version for $machine, or upgrades to it
  --destdir DIR  install into the tree of an image; nothing is started
  --uninstall    stop it and take it away, but for /etc/rolekeeper and its user
  --purge        the same, and those, too
END
}

step() { echo "install.sh: $*"; }
refuse() {
  echo "install.sh: $*" >&2
  exit 1
}

main() {
  destdir='' task=install
  while [ $# -gt 0 ]; do
    case $1 in
    --destdir)
      [ -n "${2-}" ] || refuse '--destdir takes a directory'
      destdir=${2%/} && shift
      ;;
    --uninstall | --purge) task=${1#--} ;;
    --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [ "$(id -u)" = 0 ] || refuse 'only root can install: run it with sudo'
  [ -z "$destdir" ] || [ "$task" = install ] || refuse "--destdir is for installing, not for --$task"
  for program in systemctl systemd-sysusers systemd-tmpfiles; do
    command -v $program >/dev/null ||
      refuse "there is no $program here: rolekeeper is run by systemd, and this machine has none, or not all of it"
  done
  not_a_package
  umask 022
  cd "$destdir/" || refuse "there is no directory $destdir"
  case $task in
  install) put_in_place ;;
  uninstall) take_away ;;
  purge) take_away_all ;;
  esac
}

# Two that install the same files would take them from each other.
not_a_package() {
  if [ -z "$destdir" ] && command -v dpkg-query >/dev/null &&
    dpkg-query --show --showformat '${db:Status-Status}' rolekeeper 2>/dev/null | grep -qx installed; then
    refuse 'rolekeeper is installed as a .deb here: upgrade or remove it with apt'
  fi
  if [ -z "$destdir" ] && command -v rpm >/dev/null && rpm -q rolekeeper >/dev/null 2>&1; then
    refuse 'rolekeeper is installed as an .rpm here: upgrade or remove it with dnf'
  fi
}

put_in_place() {
  [ -d "$here/files" ] || refuse "there is nothing to install beside $here/install.sh: run the one of an unpacked release"
  (cd "$here/files" && sha256sum --check --status ../files.sha256) ||
    refuse "$here/files is not what files.sha256 says: unpack the release again"
  if [ -z "$destdir" ]; then runs_here; fi

  known=none
  if [ -e "$record" ]; then known=$(sha256sum <"$record"); fi
  if [ "$known" = none ]; then step "installing rolekeeper $version in $destdir/"; else step "upgrading to rolekeeper $version"; fi
  configure
  while read -r _ path; do
    [ "$path" = "$config" ] || put "$here/files/$path" "$path"
  done <"$here/files.sha256"
  if [ "$known" != none ]; then take_away_former; fi
  put "$here/install.sh" usr/lib/rolekeeper/install.sh
  put "$here/files.sha256" "$record"
  users
  start "$known"
  step "done; members of the group rolekeeper may have the credentials: usermod -aG rolekeeper USER"
}

# The dynamic linker knows better than a list what is missing.
runs_here() {
  [ "$(uname -m)" = "$machine" ] || refuse "this release is for $machine, and this machine is $(uname -m): take the other one"
  said=$("$here/files/usr/bin/rolekeeper" --version 2>&1) || refuse "the executable does not run here: $said
It needs glibc 2.28, libstdc++ and libatomic.so.1 (package libatomic, or libatomic1)."
}

# As package managers do: a file that somebody changed is theirs. The new one goes beside it if it is another than before.
configure() {
  new=$here/files/$config
  if [ ! -e "$config" ] || is_as_recorded; then
    put "$new" "$config"
  elif [ -e "$record" ] && ! cmp -s "$new" "$config" && ! grep -qxF "$(sum "$new")  $config" "$record"; then
    put "$new" "$config.new"
    step "kept /$config, which was changed; the new one is /$config.new"
  else
    step "kept /$config"
  fi
}

is_as_recorded() { [ -e "$record" ] && grep -qxF "$(sum "$config")  $config" "$record"; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }

# Whole or not at all, also where the old one is running.
put() {
  if cmp -s "$1" "$2"; then return; fi
  install -D -m "$(stat -c %a "$1")" -o root -g root "$1" "$2.installing"
  mv -f "$2.installing" "$2"
  changed=yes
}
changed=no

take_away_former() {
  while read -r _ path; do
    if ! cut -d' ' -f3 "$here/files.sha256" | grep -qxF "$path"; then
      rm -f "$path"
      step "removed /$path, which $version does not have"
    fi
  done <"$record"
}

users() {
  systemd-sysusers --root="$destdir/" rolekeeper.conf
  if [ -z "$destdir" ]; then systemd-tmpfiles --create rolekeeper.conf || true; fi
}

# start KNOWN: an upgrade leaves to the operator what is enabled.
start() {
  if [ "$1" = none ]; then
    systemctl --root="$destdir/" enable rolekeeper.service >/dev/null 2>&1 || step 'rolekeeper.service could not be enabled'
  fi
  if [ -n "$destdir" ]; then return; fi
  if [ ! -d /run/systemd/system ]; then
    step 'systemd is not running here: nothing is started before the next boot'
    return
  fi
  systemctl daemon-reload
  if [ "$1" = none ]; then
    step 'starting rolekeeper'
    systemctl start rolekeeper.socket rolekeeper-container.socket rolekeeper.service ||
      step 'it did not start; see: systemctl status rolekeeper'
  elif [ "$changed" = yes ]; then
    # The sockets stay while the agent is replaced: nobody is refused.
    step 'restarting rolekeeper, if it runs'
    systemctl try-restart rolekeeper.service || step 'it did not start again; see: systemctl status rolekeeper'
  else
    step 'nothing changed, nothing is restarted'
  fi
}

take_away() {
  [ -e "$record" ] || refuse 'this script did not install rolekeeper here: there is no /usr/lib/rolekeeper/installed-files'
  step 'stopping and disabling rolekeeper'
  # shellcheck disable=SC2086 # they are words
  systemctl disable $units >/dev/null 2>&1 || true
  if [ -d /run/systemd/system ]; then
    # shellcheck disable=SC2086
    systemctl stop $units || true
  fi
  step 'removing its files'
  while read -r _ path; do
    if [ "$path" = "$config" ]; then continue; fi
    rm -f "$path"
    # Up to the first that has something in it.
    rmdir -p "${path%/*}" 2>/dev/null || true
  done <"$record"
  # The last set of credentials is in there.
  rm -rf run/rolekeeper usr/lib/rolekeeper
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
  if [ "$task" = uninstall ]; then step 'kept /etc/rolekeeper and the user rolekeeper; --purge takes them, too'; fi
}

take_away_all() {
  if [ -e "$record" ]; then take_away; fi
  step 'removing /etc/rolekeeper and the user rolekeeper'
  rm -rf etc/rolekeeper
  if id rolekeeper >/dev/null 2>&1; then userdel rolekeeper; fi
  # userdel leaves a group that others have joined.
  if getent group rolekeeper >/dev/null; then groupdel rolekeeper; fi
}

main "$@"
# It may have removed itself.
exit
