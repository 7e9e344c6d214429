"""
Reads a profile over and over, until the second file exists or nobody waits for it any more: with botocore's parser,
and every value has to be of one set.
"""
import configparser
import os
import sys
import time

path, stop = sys.argv[1:3]
reads, sets = 0, set()
parent = f'/proc/{os.getppid()}'
while not os.path.exists(stop) and os.path.exists(parent):
    parser = configparser.RawConfigParser()
    with open(path, encoding='utf-8') as file:
        parser.read_file(file)
    profile = dict(parser.items('default'))
    serial = profile['aws_access_key_id'][-4:]
    assert profile == {
        'aws_access_key_id': f'ASIAQ3EXAMPLEKEY{serial}',
        'aws_secret_access_key': f'EXAMPLESecretAccessKey{serial}',
        'aws_session_token': f'EXAMPLESessionToken{serial}',
        'aws_security_token': f'EXAMPLESessionToken{serial}',
        'aws_account_id': '111122223333',
        'expiry_time': '2026-11-23T14:00:00Z',
    }, profile
    assert parser.get('others', 'region') == 'eu-west-1'
    reads += 1
    sets.add(serial)
    time.sleep(0.0005)
    if reads == 1:
        print('ready', flush=True)
print('read', reads, len(sets), flush=True)
