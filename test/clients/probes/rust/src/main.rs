//! One S3 client for as long as there are lines on stdin: see ../README.md.
use std::error::Error;
use std::io::{BufRead, Write};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::DisplayErrorContext;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(std::env::var("S3_ENDPOINT")?)
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    let client = Client::from_conf(aws_sdk_s3::config::Builder::from(&shared).force_path_style(true).build());
    let mut answers = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        line?;
        match client.list_buckets().send().await {
            Ok(_) => writeln!(answers, "ok")?,
            Err(error) => writeln!(answers, "error: {}", one_line(&DisplayErrorContext(error).to_string()))?,
        }
        answers.flush()?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
