"""
Reads a profile over and over with boto3, a new session each time as a new program would, until the second file exists
or nobody waits for it any more: every value has to be of one set.
"""
import os
import sys

path, stop = sys.argv[1:3]
os.environ['AWS_SHARED_CREDENTIALS_FILE'] = path
os.environ['AWS_CONFIG_FILE'] = os.devnull
# Were nothing found in the file, it would go on to IMDS.
os.environ['AWS_EC2_METADATA_DISABLED'] = 'true'

import boto3

reads, sets = 0, set()
parent = f'/proc/{os.getppid()}'
while not os.path.exists(stop) and os.path.exists(parent):
    found = boto3.Session().get_credentials().get_frozen_credentials()
    serial = found.access_key[-4:]
    assert (found.access_key, found.secret_key, found.token) == (
        f'ASIAQ3EXAMPLEKEY{serial}',
        f'EXAMPLESecretAccessKey{serial}',
        f'EXAMPLESessionToken{serial}',
    ), found.access_key
    reads += 1
    sets.add(serial)
    if reads == 1:
        print('ready', flush=True)
print('read', reads, len(sets), flush=True)
