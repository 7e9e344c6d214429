import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** One S3 client for as long as there are lines on stdin: see ../README.md. */
public final class Probe {
    public static void main(String[] arguments) throws IOException {
        try (S3Client client = client()) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
            while (lines.readLine() != null) {
                System.out.println(answer(client));
                System.out.flush();
            }
        }
    }

    private static S3Client client() {
        return S3Client.builder()
                .httpClient(UrlConnectionHttpClient.create())
                .region(Region.US_EAST_1)
                .endpointOverride(URI.create(System.getenv("S3_ENDPOINT")))
                .forcePathStyle(true)
                .overrideConfiguration(override -> override.retryStrategy(AwsRetryStrategy.doNotRetry()))
                .build();
    }

    private static String answer(S3Client client) {
        try {
            client.listBuckets();
            return "ok";
        } catch (RuntimeException error) {
            return "error: " + error.toString().replaceAll("\\s+", " ");
        }
    }
}
