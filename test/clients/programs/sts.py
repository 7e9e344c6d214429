"""A boto3 program that lives on: calls STS once for every line on stdin, and says on stdout how it went.

Its environment names the profile (AWS_PROFILE) and the stand-in for STS (STS_URL).
"""

import os
import sys

import boto3
import botocore.exceptions

client = None

for _ in sys.stdin:
    try:
        if client is None:
            client = boto3.client("sts", endpoint_url=os.environ["STS_URL"])
        print("account", client.get_caller_identity()["Account"], flush=True)
    except botocore.exceptions.BotoCoreError as error:
        print("error", " ".join(str(error).split()), flush=True)
