// One S3 client for as long as there are lines on stdin: see ../README.md.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	ctx := context.Background()
	shared, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"))
	if err != nil {
		// What the chain makes of the environment is an answer, too: it fails here rather than at the first request.
		answerAll(func() error { return err })
		return
	}
	client := s3.NewFromConfig(shared, func(options *s3.Options) {
		options.BaseEndpoint = aws.String(os.Getenv("S3_ENDPOINT"))
		options.UsePathStyle = true
		options.RetryMaxAttempts = 1
	})
	answerAll(func() error {
		_, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	})
}

func answerAll(call func() error) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := call(); err != nil {
			fmt.Println("error: " + oneLine(err.Error()))
		} else {
			fmt.Println("ok")
		}
	}
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
