"""
Reads a profile over and over with boto 2, which finds the file by the home directory and calls the session token a security
token, until the second file exists or nobody waits for it any more: every value has to be of one set.
"""
import os
import sys
import time

import boto.provider

path, stop = sys.argv[1:3]
home = os.path.join(os.path.dirname(path), 'home')
os.makedirs(os.path.join(home, '.aws'))
os.symlink(path, os.path.join(home, '.aws', 'credentials'))
os.environ['HOME'] = home

reads, sets = 0, set()
parent = f'/proc/{os.getppid()}'
while not os.path.exists(stop) and os.path.exists(parent):
    found = boto.provider.Provider('aws')
    # The properties of these names would go on to IMDS where there is nothing in the file.
    read = (found._access_key, found._secret_key, found._security_token)
    serial = read[0][-4:]
    assert read == (
        f'ASIAQ3EXAMPLEKEY{serial}',
        f'EXAMPLESecretAccessKey{serial}',
        f'EXAMPLESessionToken{serial}',
    ), serial
    reads += 1
    sets.add(serial)
    time.sleep(0.0005)
    if reads == 1:
        print('ready', flush=True)
print('read', reads, len(sets), flush=True)
