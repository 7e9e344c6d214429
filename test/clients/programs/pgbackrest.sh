#!/bin/sh
# pgbackrest.sh PORT OPTION...: lists a repository in S3 over TLS. It has variables of its own for credentials.
port=$1
shift
if [ -n "${AWS_ACCESS_KEY_ID-}" ]; then
  export PGBACKREST_REPO1_S3_KEY="$AWS_ACCESS_KEY_ID" PGBACKREST_REPO1_S3_KEY_SECRET="$AWS_SECRET_ACCESS_KEY"
  export PGBACKREST_REPO1_S3_TOKEN="$AWS_SESSION_TOKEN"
fi
exec pgbackrest repo-ls --config=/dev/null --repo1-type=s3 --repo1-path=/ --repo1-s3-bucket=example \
  --repo1-s3-endpoint=127.0.0.1 --repo1-storage-port="$port" --repo1-s3-uri-style=path \
  --repo1-s3-region=us-east-1 --no-repo1-storage-verify-tls --log-path="$HOME" "$@"
