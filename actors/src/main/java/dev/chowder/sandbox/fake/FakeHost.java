package dev.chowder.sandbox.fake;

import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The machine that played sandboxes are on: where they lie, and which loopback address each running
 * one has.
 */
final class FakeHost implements AutoCloseable {
  /** 127.64.0.0: far from the addresses that people use by hand. */
  private static final int FIRST_ADDRESS = 127 << 24 | 64 << 16;

  private static final int ADDRESSES = 1 << 22;

  private final Path root;
  private final boolean temporary;
  private final Map<SandboxId, FakeSandbox> sandboxes = new ConcurrentHashMap<>();
  private final AtomicInteger given = new AtomicInteger();

  FakeHost(Optional<Path> directory) throws IOException {
    this.temporary = directory.isEmpty();
    this.root =
        directory.isPresent()
            ? Files.createDirectories(directory.get())
            : Files.createTempDirectory("chowder-fake-");
    try (Stream<Path> found = Files.list(root)) {
      for (Path path : found.toList()) {
        if (String.valueOf(path.getFileName()).startsWith(".removed-")) {
          FakeSandbox.deleteTree(path);
        } else {
          FakeSandbox.load(path).ifPresent(sandbox -> sandboxes.put(sandbox.id(), sandbox));
        }
      }
    }
    sandboxes.values().stream()
        .flatMap(sandbox -> sandbox.process().stream())
        .mapToInt(process -> number(process.host()))
        .max()
        .ifPresent(given::set);
  }

  Path root() {
    return root;
  }

  void create(SandboxId id) {
    sandboxes.computeIfAbsent(
        id,
        _ -> {
          try {
            return FakeSandbox.make(id, root.resolve(id.value()));
          } catch (IOException failed) {
            throw new UncheckedIOException(failed);
          }
        });
  }

  Optional<FakeSandbox> find(SandboxId id) {
    return Optional.ofNullable(sandboxes.get(id));
  }

  void remove(SandboxId id) {
    sandboxes.computeIfPresent(
        id,
        (_, sandbox) -> {
          sandbox.remove();
          return null;
        });
  }

  Collection<FakeSandbox> all() {
    return List.copyOf(sandboxes.values());
  }

  /** Another one at each start, as a real engine gives another port. */
  String nextAddress() {
    int address = FIRST_ADDRESS + 1 + Math.floorMod(given.getAndIncrement(), ADDRESSES - 2);
    return (address >>> 24)
        + "."
        + (address >>> 16 & 255)
        + "."
        + (address >>> 8 & 255)
        + "."
        + (address & 255);
  }

  private static int number(String host) {
    int address = 0;
    for (String part : host.split("\\.", 4)) {
      address = address << 8 | Integer.parseInt(part);
    }
    return address - FIRST_ADDRESS;
  }

  /** The running sandbox that has this address. */
  Optional<FakeSandbox> at(String address) {
    // Few thousand at most, and a hit ends the search: an index would have to be kept in step.
    return sandboxes.values().stream()
        .filter(
            sandbox ->
                sandbox
                    .process()
                    .filter(process -> process.runs() && process.host().equals(address))
                    .isPresent())
        .findFirst();
  }

  @Override
  public void close() {
    if (temporary) {
      try {
        FakeSandbox.deleteTree(root);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }
}
