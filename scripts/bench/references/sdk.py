# Takes the credentials once, as boto3 does, by what the environment says.
import boto3

print(boto3.Session().get_credentials().access_key)
