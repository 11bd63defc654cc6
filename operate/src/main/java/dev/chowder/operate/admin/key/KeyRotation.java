package dev.chowder.operate.admin.key;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.ListNodesRequest;
import dev.chowder.api.operator.v1.ListNodesResponse;
import dev.chowder.api.operator.v1.ReloadMasterKeyRequest;
import dev.chowder.api.operator.v1.RewriteSecretsRequest;
import dev.chowder.api.operator.v1.RewriteSecretsResponse;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Reply;
import dev.chowder.operate.admin.node.CallFailure;
import dev.chowder.operate.admin.node.LocalNodes;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.secret.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Replaces the master key in its file while nodes run. The first line of the file encrypts, all
 * lines decrypt. After each step, the file has every key that a value in the database may need, so
 * an interrupted rotation can be repeated from its beginning.
 */
record KeyRotation(Path file, LocalNodes nodes, SecureRandom random, InstantSource clock) {
  private static final int KEY_BYTES = 32;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  /**
   * A rotation that has finished.
   *
   * @param rewritten number of re-encrypted values
   * @param kept file with the previous key
   */
  record Done(int rewritten, Path kept) {}

  /**
   * Replaces the key.
   *
   * @throws CommandException if a step fails; the keys in the file are then those that are needed
   */
  Done run() {
    requireAllNodes();
    var before = read();
    var next = newKey();
    // All existing keys are kept: an interrupted rotation may have left keys that are in use.
    write(Stream.concat(before.stream(), Stream.of(next)).toList());
    reloadOnAllNodes();
    var kept = newKeptFile();
    OwnerOnly.write(kept, before.getFirst().reveal() + "\n");
    write(Stream.concat(Stream.of(next), before.stream()).toList());
    reloadOnAllNodes();
    int rewritten = rewrite();
    write(List.of(next));
    reloadOnAllNodes();
    return new Done(rewritten, kept);
  }

  /** Returns a file that does not exist: a rotation a moment ago may have kept another key. */
  private Path newKeptFile() {
    for (var time = clock.instant(); ; time = time.plusSeconds(1)) {
      var kept = file.resolveSibling(file.getFileName() + ".until-" + TIME.format(time));
      if (!Files.exists(kept)) return kept;
    }
  }

  /**
   * Fails if a node of this machine does not answer, or if the cluster has nodes on other machines:
   * their key files would not get the new key.
   */
  private void requireAllNodes() {
    int here = (int) nodes.numbers().count();
    nodes
        .numbers()
        .forEach(
            number -> {
              var all =
                  call(number, ListNodesRequest.getDefaultInstance(), "nothing was changed")
                      .as(ListNodesResponse.getDefaultInstance())
                      .getNodesList();
              if (all.size() > here) {
                throw ExitCode.CONFLICT.cannot(
                    "replace the master key",
                    "of the nodes %s, only %d are on this machine"
                        .formatted(String.join(", ", all), here),
                    "nothing was changed; do the steps of docs/operations/keys.md with the key file of each machine");
              }
            });
  }

  private void reloadOnAllNodes() {
    nodes
        .numbers()
        .forEach(
            number -> {
              var _ =
                  call(
                      number,
                      ReloadMasterKeyRequest.getDefaultInstance(),
                      file + " holds all keys that are needed, so run this again");
            });
  }

  private Reply call(int node, Message request, String state) {
    try {
      return nodes.callOn(node, request);
    } catch (CallFailure failed) {
      throw failed
          .code()
          .failure(
              "node %d failed at %s: %s; %s"
                  .formatted(node, LocalNodes.rpc(request), failed.getMessage(), state),
              failed);
    }
  }

  private int rewrite() {
    try {
      return nodes
          .call(RewriteSecretsRequest.getDefaultInstance())
          .as(RewriteSecretsResponse.getDefaultInstance())
          .getRewritten();
    } catch (CallFailure failed) {
      throw failed
          .code()
          .failure(
              cannot(
                  "re-encrypt all values",
                  String.valueOf(failed.getMessage()),
                  "both keys are still needed, so run this again"),
              failed);
    }
  }

  private Secret newKey() {
    var bytes = new byte[KEY_BYTES];
    random.nextBytes(bytes);
    return Secret.of(Base64.getEncoder().encodeToString(bytes));
  }

  private List<Secret> read() {
    try {
      var keys = new ArrayList<Secret>();
      for (var line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
        if (!line.isBlank()) keys.add(Secret.of(line.strip()));
      }
      if (!keys.isEmpty()) return keys;
    } catch (IOException unreadable) {
      // Without the cause, which may quote a part of the key.
      throw unusable();
    }
    throw unusable();
  }

  private CommandException unusable() {
    return ExitCode.USAGE.cannot(
        "read " + file, "it has no key", "provide a readable ASCII file with a key");
  }

  private void write(List<Secret> keys) {
    OwnerOnly.write(
        file, keys.stream().map(key -> key.reveal() + "\n").collect(Collectors.joining()));
  }
}
