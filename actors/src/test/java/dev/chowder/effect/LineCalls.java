package dev.chowder.effect;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.openclaw.config.Channel;
import dev.chowder.sandbox.SandboxEndpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Calls the webhook of LINE at a gateway, and returns the status of the response.
 *
 * @param limit for each call
 */
record LineCalls(HttpClient http, SandboxEndpoint endpoint, Duration limit) {
  private static final String BODY = "{\"destination\":\"U0\",\"events\":[]}";
  private static final String HASH = "HmacSHA256";

  int unsigned() throws IOException, InterruptedException {
    return send(call().build());
  }

  int signedWith(String secret) throws IOException, InterruptedException, GeneralSecurityException {
    var mac = Mac.getInstance(HASH);
    mac.init(new SecretKeySpec(secret.getBytes(UTF_8), HASH));
    var signature = Base64.getEncoder().encodeToString(mac.doFinal(BODY.getBytes(UTF_8)));
    return send(call().header("x-line-signature", signature).build());
  }

  private HttpRequest.Builder call() {
    var path = Channel.LINE.webhook().orElseThrow().path();
    return HttpRequest.newBuilder(URI.create("http://" + endpoint + path))
        .header("content-type", "application/json")
        .timeout(limit)
        .POST(BodyPublishers.ofString(BODY));
  }

  private int send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.discarding()).statusCode();
  }
}
