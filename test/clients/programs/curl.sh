#!/bin/sh
# curl.sh URL: signs by itself. The secrets come from rolekeeper export (or from the environment), and go by stdin: arguments
# are for everybody to see.
curl -fsS -K - --aws-sigv4 aws:amz:us-east-1:s3 "$1/example" <<END
user = "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"
header = "x-amz-security-token: $AWS_SESSION_TOKEN"
END
