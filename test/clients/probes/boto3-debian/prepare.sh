#!/bin/sh
/usr/bin/python3 -c 'import boto3' 2>/dev/null && exit 0
echo 'there is no boto3 for /usr/bin/python3 (Debian: python3-boto3)'
exit 77
