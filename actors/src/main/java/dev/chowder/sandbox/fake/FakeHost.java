package dev.chowder.sandbox.fake;

import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
          removeRest(path);
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

  /** What a killed server left of it; or another node is removing it right now. */
  private static void removeRest(Path removed) throws IOException {
    try {
      FakeSandbox.deleteTree(removed);
    } catch (NoSuchFileException | UncheckedIOException gone) {
      if (Files.exists(removed)) throw gone;
    }
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
    return Optional.ofNullable(
        temporary ? sandboxes.get(id) : sandboxes.compute(id, (_, known) -> look(id, known)));
  }

  /** Other nodes of the same directory make, change and remove sandboxes too. */
  private @Nullable FakeSandbox look(SandboxId id, @Nullable FakeSandbox known) {
    Path directory = root.resolve(id.value());
    try {
      if (!Files.isDirectory(directory)) return null;
      if (known == null) return FakeSandbox.load(directory).orElse(null);
      known.refresh();
      return known;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  void remove(SandboxId id) {
    var _ = find(id);
    sandboxes.computeIfPresent(
        id,
        (_, sandbox) -> {
          sandbox.remove();
          return null;
        });
  }

  Collection<FakeSandbox> all() {
    if (!temporary) lookAround();
    return List.copyOf(sandboxes.values());
  }

  private void lookAround() {
    sandboxes.keySet().forEach(this::find);
    try (Stream<Path> found = Files.list(root)) {
      found
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> name.startsWith("sb-"))
          .forEach(name -> find(new SandboxId(name)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /**
   * Another one at each start, as a real engine gives another port; and other ones at each node.
   */
  String nextAddress() {
    int number =
        temporary ? given.getAndIncrement() : ThreadLocalRandom.current().nextInt(ADDRESSES);
    int address = FIRST_ADDRESS + 1 + Math.floorMod(number, ADDRESSES - 2);
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
    Optional<FakeSandbox> known = knownAt(address);
    if (known.isPresent() || temporary) return known;
    lookAround();
    return knownAt(address);
  }

  private Optional<FakeSandbox> knownAt(String address) {
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
