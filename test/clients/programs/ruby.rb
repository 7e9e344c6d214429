# Lists the buckets at a URL, as often as TIMES says, with one client.
require 'aws-sdk-s3'

url = ARGV.first
client = Aws::S3::Client.new(endpoint: url, region: 'us-east-1', force_path_style: true)
ENV.fetch('TIMES', '1').to_i.times { puts client.list_buckets.buckets.map(&:name) }
