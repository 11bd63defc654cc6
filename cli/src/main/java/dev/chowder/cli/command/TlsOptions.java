package dev.chowder.cli.command;

import dev.chowder.client.context.TlsFiles;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name the files for TLS with a server. */
public final class TlsOptions {
  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "PEM file of the CA that signed the server's certificate")
  private @Nullable Path ca;

  @Option(
      names = "--client-certificate",
      paramLabel = "FILE",
      description = "PEM file of the certificate to present, if the server requires one")
  private @Nullable Path clientCertificate;

  @Option(
      names = "--client-key",
      paramLabel = "FILE",
      description = "PEM file of its private key, which only you can read (mode 600)")
  private @Nullable Path clientKey;

  /** Returns the files by their absolute paths. */
  public TlsFiles files() {
    return TlsFiles.of(ca, clientCertificate, clientKey, "--client-certificate and --client-key");
  }

  /** Returns whether the user named no file. */
  public boolean isEmpty() {
    return ca == null && clientCertificate == null && clientKey == null;
  }
}
