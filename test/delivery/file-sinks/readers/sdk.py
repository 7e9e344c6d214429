"""
Reads a profile over and over, until the second file exists or nobody waits for it any more, by what the third argument
names: boto3, a new session each time, or boto, its older brother. Every value has to be of one set.
"""
import os
import sys
import time

path, stop, library = sys.argv[1:4]
if library == 'boto3':
    import boto3.session
    import botocore.session

    os.environ['AWS_SHARED_CREDENTIALS_FILE'] = path

    def read():
        session = botocore.session.Session()
        session.set_config_variable('config_file', os.devnull)
        found = boto3.session.Session(botocore_session=session).get_credentials()
        assert found.method == 'shared-credentials-file', found.method
        return found.access_key, found.secret_key, found.token
else:
    import boto.provider

    boto.provider.expanduser = lambda _: os.path.dirname(path)
    os.makedirs(os.path.join(os.path.dirname(path), '.aws'), exist_ok=True)
    link = os.path.join(os.path.dirname(path), '.aws', 'credentials')
    os.path.lexists(link) or os.symlink(path, link)

    def read():
        found = boto.provider.Provider('aws')
        return found._access_key, found._secret_key, found._security_token


reads, sets = 0, set()
parent = f'/proc/{os.getppid()}'
while not os.path.exists(stop) and os.path.exists(parent):
    key, secret, token = read()
    serial = key[-4:]
    assert (key, secret, token) == (
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
