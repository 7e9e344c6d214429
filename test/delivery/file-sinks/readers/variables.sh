# Reads variables over and over, until the second file exists or nobody waits for it any more: every one of them has to
# be of one set.
set -eu
reads=0 sets=0 last=
while [ ! -e "$2" ] && [ -e "/proc/$PPID" ]; do
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION
  . "$1"
  serial=${AWS_ACCESS_KEY_ID#ASIAQ3EXAMPLEKEY}
  [ "$AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN $AWS_CREDENTIAL_EXPIRATION" = \
    "EXAMPLESecretAccessKey$serial EXAMPLESessionToken$serial 2026-11-23T14:00:00Z" ]
  reads=$((reads + 1))
  [ "$serial" = "$last" ] || sets=$((sets + 1))
  last=$serial
  [ "$reads" != 1 ] || echo ready
done
echo "read $reads $sets"
