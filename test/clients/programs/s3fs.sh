#!/bin/sh
# s3fs.sh URL DIRECTORY OPTION...: mounts the bucket, reads a file in it (as often as TIMES says), and unmounts it.
url=$1 directory=$2
shift 2
mkdir -p "$directory"
s3fs example "$directory" -f -o "url=$url" -o use_path_request_style "$@" &
mount=$!
until grep -q " $directory " /proc/mounts; do
  kill -0 $mount 2>/dev/null || { wait $mount; echo "s3fs ended with $? and mounted nothing" >&2; exit 1; }
  sleep 0.1
done
for _ in $(seq "${TIMES:-1}"); do
  content=$(cat "$directory/hello.txt")
done
fusermount -u "$directory"
wait $mount
[ "$content" = hello ]
