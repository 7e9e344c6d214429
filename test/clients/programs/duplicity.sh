#!/bin/sh
# duplicity.sh PORT DIRECTORY: asks for the state of a backup that is not there.
mkdir -p "$2"
exec duplicity collection-status --no-encryption --s3-unencrypted-connection --archive-dir "$2" \
  "s3://127.0.0.1:$1/example/backup"
