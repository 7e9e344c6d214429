# Sourced by every probe's prepare.sh, with its argument: what they share. `cache` is the directory to fill.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 CACHE_DIR" >&2; exit 2; }
mkdir -p "$1"
cache=$(cd "$1" && pwd)
cd "$(dirname "$0")"
# Two preparations of one cache take turns.
exec 9>"$cache/lock"
flock 9

# skip REASON: leaves the probe out; the caller shows the reason.
skip() {
  echo "$1"
  exit 77
}

# needs COMMAND WHAT
needs() {
  command -v "$1" >/dev/null || skip "$2 is not on this machine (no \`$1\` on the PATH)"
}

# needs_version WHAT FOUND WANTED
needs_version() {
  printf '%s\n%s\n' "$3" "$2" | sort --check=quiet --version-sort ||
    skip "$1 $2 is on this machine, and the probe's locked packages need $3 or newer"
}

# unless_prepared TOOL_VERSION: ends here where the same sources were prepared with the same tools before. What is run
# from here as it is does not count.
unless_prepared() {
  local sources=(. ../preparation.sh -type f ! -name run.sh ! -name 'probe.*' -print0)
  stamp=$({ echo "$1"; find "${sources[@]}" | sort -z | xargs -0 sha256sum; } | sha256sum)
  if [ "$(cat "$cache/prepared" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
  rm -f "$cache/prepared"
}

prepared() {
  echo "$stamp" >"$cache/prepared"
}

# fetch COMMAND...: downloads. A registry that cannot be reached is a reason to leave the probe out. Bytes other than
# those the lock names, or a lock that does not fit, are none: that is a failure.
fetch() {
  local output reason
  output=$(timeout 300 "$@" 2>&1 </dev/null | sed 's/\x1b\[[0-9;]*m//g') && return
  if grep -qiE 'checksum|integrity|the hashes|--locked|in sync|go\.(sum|mod)' <<<"$output"; then
    printf '%s\n' "$output" >&2
    exit 1
  fi
  reason=$(grep -iE -m 1 'error|could not|failed|lookup' <<<"$output" || grep -m 1 . <<<"$output" || echo 'no answer in 300 s')
  skip "its registry did not give what it needs: $(cut -c 1-200 <<<"$reason")"
}

# build COMMAND...: quiet, unless it fails.
build() {
  local output
  output=$("$@" 2>&1 </dev/null) && return
  printf '%s\n' "$output" >&2
  exit 1
}
