# manifests.sh with what the manifests say, aws-config, and the package: the agent as the DaemonSet runs it and a program as
# the pod runs it, without a kubelet. The copy's network is its own, so the simulator can be where it likes.
. ./telling.sh
. ./manifests.sh
dpkg --purge rolekeeper >/dev/null 2>&1
dpkg-deb --extract ./*.deb /
groupadd --system --gid "$AGENT_GROUP" rolekeeper
ip link set lo up
rolekeeper simulate --listen 127.0.0.1:8080 >simulator 2>&1 &
simulator=$!

# as USER GROUP GROUPS CAPABILITIES COMMAND...: with those capabilities alone, and a root that is read-only.
as() {
  local user=$1 group=$2 groups=$3 capabilities=$4
  shift 4
  ${EXEC-} unshare --mount --propagation private sh -c 'mount -o remount,bind,ro / && exec "$@"' - \
    setpriv --no-new-privs --reuid "$user" --regid "$group" --groups "$groups" --bounding-set "$capabilities" \
    --inh-caps "$capabilities" "$@"
}
agent_user() { as "$AGENT_USER" "$AGENT_GROUP" "$AGENT_GROUP" -all "$@"; }

mkdir -m 755 /run/rolekeeper
quietly as 0 0 0 "-all$INIT_CAPABILITIES" "${INIT[@]}"
quietly as 0 0 0 "-all$INIT_CAPABILITIES" "${INIT[@]}"
[ "$(stat -c '%a %u %g' /run/rolekeeper)" = "750 $AGENT_USER $AGENT_GROUP" ] || problem "the directory is $(stat -c '%a %u %g' /run/rolekeeper)"

start_agent() {
  EXEC=exec agent_user env "${ENVIRONMENT[@]}" ROLEKEEPER_IMDS_ENDPOINT=http://127.0.0.1:8080 "${AGENT[@]}" >agent 2>&1 &
  agent=$!
  # A probe that waits for the first set; it is tried as often as the kubelet would.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if agent_user env "${ENVIRONMENT[@]}" "${READY[@]}" >log 2>&1; then return; fi
  done
  problem "the pod does not become ready: $(cat log agent)"
}
start_agent

mkdir -p "$PROFILE"
cp /usr/libexec/rolekeeper/credential-process aws-config "$PROFILE"
mv "$PROFILE/aws-config" "$PROFILE/config"
process=$(sed -n 's/^credential_process = //p' "$PROFILE/config")
consumer() { as "$CONSUMER_USER" "$CONSUMER_GROUP" "$1" -all sh -c "$2" 2>&1; }
# In the pod there is no rolekeeper to ask.
mv /usr/bin/rolekeeper /root/check/rolekeeper
key() { sed -n 's/.*"AccessKeyId":"\([A-Z0-9]*\)".*/\1/p'; }
first=$(consumer "$CONSUMER_GROUPS" "$process" | key)
[ -n "$first" ] || problem "the pod gets no credentials: $(consumer "$CONSUMER_GROUPS" "$process")"
denied=$(consumer "$CONSUMER_GROUP" "$process" | key)
[ -z "$denied" ] || problem 'a pod without the group gets credentials'
socket=$(consumer "$CONSUMER_GROUPS" 'curl -s --unix-socket /run/rolekeeper/agent.sock http://localhost/v1/credentials' | key)
[ "$socket" = "$first" ] || problem "the socket answers $socket, and not $first"
mv /root/check/rolekeeper /usr/bin/rolekeeper

# A new version is rolled out, with a gap that systemd's sockets would fill: the old agent is ended as the kubelet does, and the next one starts in the same directory.
kill -TERM $agent
wait $agent || problem "the agent ended with $?: $(tail -n 3 agent)"
between=$(consumer "$CONSUMER_GROUPS" "$process" | key)
[ "$between" = '' ] || problem 'an agent that was ended leaves its credentials: docs/fleet.md says that there is a gap'
start_agent
after=$(consumer "$CONSUMER_GROUPS" "$process" | key)
[ "$after" = "$first" ] || problem 'the next agent has other credentials'
kill -TERM $agent $simulator
wait
