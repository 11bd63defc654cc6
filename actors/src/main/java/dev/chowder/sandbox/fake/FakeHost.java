package dev.chowder.sandbox.fake;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.fake.FakeSandbox.SimulatedProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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

  /** How old a count of running processes may be: each create asks, and an engine keeps count. */
  private static final Duration COUNT_AGE = Duration.ofSeconds(1);

  private final Path root;
  private final Path addresses;
  private final boolean temporary;
  private final Map<SandboxId, FakeSandbox> sandboxes = new ConcurrentHashMap<>();
  private final AtomicInteger given = new AtomicInteger();

  /** Who was started at an address last; it may be somebody else's by now. */
  private final Map<String, SandboxId> startedAt = new ConcurrentHashMap<>();

  private final AtomicReference<Count> counted =
      new AtomicReference<>(new Count(System.nanoTime() - COUNT_AGE.toNanos() - 1, 0));

  private record Count(long at, long running) {
    boolean isOld() {
      return System.nanoTime() - at > COUNT_AGE.toNanos();
    }
  }

  FakeHost(Optional<Path> directory) throws IOException {
    this.temporary = directory.isEmpty();
    this.root =
        directory.isPresent()
            ? Files.createDirectories(directory.get())
            : Files.createTempDirectory("chowder-fake-");
    this.addresses = Files.createDirectories(root.resolve(".addresses"));
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

  /** Returns the sandbox that exists afterwards, whatever the generation of its home. */
  FakeSandbox create(SandboxId id, int generation) {
    return find(id)
        .orElseGet(
            () ->
                sandboxes.computeIfAbsent(
                    id,
                    _ -> {
                      try {
                        return FakeSandbox.make(id, root.resolve(id.value()), generation);
                      } catch (IOException failed) {
                        throw new UncheckedIOException(failed);
                      }
                    }));
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
      if (known == null || !known.isCurrent()) return FakeSandbox.load(directory).orElse(null);
      known.refresh();
      return known;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Removes what is within the fence; compares and removes in one step. */
  void remove(SandboxId id, Fence fence) {
    var _ = find(id);
    sandboxes.computeIfPresent(
        id,
        (_, sandbox) -> {
          int attempt = sandbox.process().map(SimulatedProcess::attempt).orElse(0);
          if (!fence.covers(attempt)) return sandbox;
          sandbox.process().ifPresent(process -> gone(process.host()));
          if (fence.isOf(sandbox.generation())) {
            sandbox.remove();
            return null;
          }
          sandbox.removeProcesses();
          return sandbox;
        });
  }

  private static boolean isSandbox(Path path) {
    return String.valueOf(path.getFileName()).startsWith("sb-");
  }

  Collection<FakeSandbox> all() {
    if (!temporary) lookAround();
    return List.copyOf(sandboxes.values());
  }

  /** How many processes ran a moment ago, as far as this node has seen them. */
  long running() {
    return counted
        .updateAndGet(last -> last.isOld() ? new Count(System.nanoTime(), countRunning()) : last)
        .running();
  }

  private long countRunning() {
    return sandboxes.values().stream()
        .filter(sandbox -> sandbox.process().map(SimulatedProcess::runs).orElse(false))
        .count();
  }

  private void lookAround() {
    sandboxes.keySet().forEach(this::find);
    try (Stream<Path> found = Files.list(root)) {
      found
          .filter(FakeHost::isSandbox)
          .map(path -> String.valueOf(path.getFileName()))
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
    var started = lastStartedAt(address).flatMap(this::find).filter(one -> isAt(one, address));
    if (started.isPresent()) return started;
    // A test may have moved it there by hand.
    Optional<FakeSandbox> known = knownAt(address);
    if (known.isPresent() || temporary) return known;
    lookAround();
    return knownAt(address);
  }

  private Optional<FakeSandbox> knownAt(String address) {
    return sandboxes.values().stream().filter(one -> isAt(one, address)).findFirst();
  }

  private static boolean isAt(FakeSandbox sandbox, String address) {
    return sandbox
        .process()
        .filter(process -> process.runs() && process.host().equals(address))
        .isPresent();
  }

  /** From now on it is found there, by other nodes of the same directory as well. */
  void started(SandboxId id, String address) {
    startedAt.put(address, id);
    if (temporary) return;
    try {
      // A server that dies in between leaves no half.
      var written = Files.createTempFile(addresses, address, ".new");
      Files.writeString(written, id.value());
      Files.move(written, addresses.resolve(address), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private Optional<SandboxId> lastStartedAt(String address) {
    var here = startedAt.get(address);
    if (here != null || temporary) return Optional.ofNullable(here);
    try {
      return Optional.of(new SandboxId(Files.readString(addresses.resolve(address))));
    } catch (NoSuchFileException nobody) {
      return Optional.empty();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void gone(String address) {
    startedAt.remove(address);
    try {
      Files.deleteIfExists(addresses.resolve(address));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
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
