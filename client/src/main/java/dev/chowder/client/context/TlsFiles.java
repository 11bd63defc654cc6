package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files for TLS with a server.
 *
 * @param ca the certificates that the server's certificate must be signed by; the JVM's if absent
 * @param clientCertificate the certificate to present, followed by those of its issuers; absent if
 *     the server requires none
 * @param clientKey the private key of that certificate; absent without one
 */
public record TlsFiles(
    @Nullable Path ca, @Nullable Path clientCertificate, @Nullable Path clientKey) {
  public static final TlsFiles NONE = new TlsFiles(null, null, null);

  /**
   * Returns the files that a user named.
   *
   * @param source how the certificate and the key are named, for the message
   */
  public static TlsFiles of(
      @Nullable Path ca,
      @Nullable Path clientCertificate,
      @Nullable Path clientKey,
      String source) {
    if ((clientCertificate == null) != (clientKey == null)) {
      throw new ClientException(
          Kind.INVALID, source + ": must be set both or not at all; got one of them");
    }
    return new TlsFiles(absolute(ca), absolute(clientCertificate), absolute(clientKey));
  }

  private static @Nullable Path absolute(@Nullable Path file) {
    return file == null ? null : file.toAbsolutePath();
  }
}
