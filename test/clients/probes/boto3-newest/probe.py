"""One S3 client for as long as there are lines on stdin: see ../README.md."""
import os
import sys

import boto3
from botocore.config import Config


def main():
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    client = None
    for _ in sys.stdin:
        try:
            # The chain is walked here, not at the first request: its failure is an answer, too.
            client = client or boto3.client(
                "s3", region_name="us-east-1", endpoint_url=os.environ["S3_ENDPOINT"], config=config
            )
            client.list_buckets()
            print("ok", flush=True)
        except Exception as error:  # Not all that it raises is a botocore error.
            print("error:", " ".join(f"{type(error).__name__}: {error}".split()), flush=True)


main()
