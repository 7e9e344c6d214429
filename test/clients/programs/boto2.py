"""boto 2, the one before boto3: lists the buckets at a port. It calls the session token a security token."""

import os
import sys

import boto.s3.connection

if "AWS_SESSION_TOKEN" in os.environ:
    os.environ["AWS_SECURITY_TOKEN"] = os.environ["AWS_SESSION_TOKEN"]
connection = boto.s3.connection.S3Connection(
    host="127.0.0.1",
    port=int(sys.argv[1]),
    is_secure=False,
    calling_format=boto.s3.connection.OrdinaryCallingFormat(),
)
print([bucket.name for bucket in connection.get_all_buckets()])
