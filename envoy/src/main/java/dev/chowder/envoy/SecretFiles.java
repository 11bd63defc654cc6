package dev.chowder.envoy;

import static dev.chowder.base.ErrorText.cannot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Writes files that name the certificates and keys of Envoy, which watches these files. They
 * contain no keys.
 *
 * @param folder created if a file is written
 */
record SecretFiles(Path folder) {
  void writeCertificate(String name, String certificate, String key) {
    write(
        name,
        "tls_certificate: {certificate_chain: {filename: \"%s\"}, private_key: {filename: \"%s\"}}"
            .formatted(certificate, key));
  }

  void writeCa(String name, String file) {
    write(name, "validation_context: {trusted_ca: {filename: \"%s\"}}".formatted(file));
  }

  /**
   * Moves the file into place, because Envoy notices changes of watched files only by moves.
   *
   * @param field the field of Envoy's message {@code Secret}
   */
  private void write(String name, String field) {
    var file = folder.resolve(name + ".yaml");
    var part = folder.resolve(name + ".new");
    try {
      Files.createDirectories(folder);
      Files.writeString(
          part,
          """
          resources:
          - {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, name: %s, %s}
          """
              .formatted(name, field));
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      throw new IllegalArgumentException(
          cannot(
              "write " + file, failed.toString(), "set CHOWDER_ENVOY_SECRETS to a writable folder"),
          failed);
    }
  }
}
