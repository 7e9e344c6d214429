"""One boto3 client that lists the buckets at S3_ENDPOINT once for every line on stdin."""

import os
import sys

import boto3
import botocore.exceptions
from botocore.config import Config

client = None

for _ in sys.stdin:
    try:
        if client is None:
            client = boto3.client(
                "s3",
                endpoint_url=os.environ["S3_ENDPOINT"],
                config=Config(s3={"addressing_style": "path"}),
            )
        client.list_buckets()
        print("ok", flush=True)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        print("error:", " ".join(str(error).split()), flush=True)
