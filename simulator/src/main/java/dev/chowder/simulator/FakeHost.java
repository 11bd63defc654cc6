package dev.chowder.simulator;

import dev.chowder.base.FileTree;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeSandbox.SimulatedProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Simulates the machine that sandboxes run on: stores their directories, and which loopback address
 * each running one has.
 */
final class FakeHost implements AutoCloseable {
  /** 127.64.0.0, far from the addresses that people use. */
  private static final int FIRST_ADDRESS = 127 << 24 | 64 << 16;

  private static final int ADDRESSES = 1 << 22;

  /**
   * Maximum age of a count of many running processes. Each creation reads it, and a real engine
   * keeps such a count.
   */
  private static final Duration COUNT_AGE = Duration.ofSeconds(1);

  /** Fewer sandboxes are counted each time, so that tests do not depend on the age of a count. */
  private static final int MANY = 1_000;

  private final Path root;
  private final Path addresses;
  private final boolean temporary;
  private final Map<SandboxId, FakeSandbox> sandboxes = new ConcurrentHashMap<>();
  private final AtomicInteger assigned = new AtomicInteger();

  /** The sandbox that was started at an address last. Another one may have the address now. */
  private final Map<String, SandboxId> startedAt = new ConcurrentHashMap<>();

  private final AtomicReference<Count> counted =
      new AtomicReference<>(new Count(System.nanoTime() - COUNT_AGE.toNanos() - 1, 0, 0));

  private record Count(long at, long running, long pagedOut) {
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
  }

  Path root() {
    return root;
  }

  /** Returns a file of the host that its processes share; empty if this is the only one. */
  Optional<Path> shared(String name) {
    return temporary ? Optional.empty() : Optional.of(root.resolve(name));
  }

  /**
   * Returns the engine and the host that this one stands for, which the file {@code identity} names
   * in a line each, so that a test can use the sandboxes of a real installation.
   */
  List<String> identity() throws IOException {
    var file = root.resolve("identity");
    return Files.exists(file) ? Files.readAllLines(file) : List.of("fake", "simulated");
  }

  /**
   * Deletes the rest of a sandbox that a killed server left, unless another node is deleting it
   * now.
   */
  private static void removeRest(Path removed) throws IOException {
    try {
      FileTree.remove(removed);
    } catch (IOException gone) {
      if (Files.exists(removed)) throw gone;
    }
  }

  /** Returns the existing or newly created sandbox, whatever the generation of its home. */
  FakeSandbox create(SandboxId id, int generation, List<SandboxFile> fromImage) {
    return find(id)
        .orElseGet(
            () ->
                sandboxes.computeIfAbsent(
                    id,
                    _ -> {
                      try {
                        return FakeSandbox.create(
                            id, root.resolve(id.value()), !temporary, generation, fromImage);
                      } catch (IOException failed) {
                        throw new UncheckedIOException(failed);
                      }
                    }));
  }

  Optional<FakeSandbox> find(SandboxId id) {
    return Optional.ofNullable(
        temporary ? sandboxes.get(id) : sandboxes.compute(id, (_, known) -> reload(id, known)));
  }

  /**
   * Reads the sandbox again. Other nodes with the same directory also create, change and remove
   * sandboxes.
   */
  private @Nullable FakeSandbox reload(SandboxId id, @Nullable FakeSandbox known) {
    Path directory = root.resolve(id.value());
    if (!Files.isDirectory(directory)) return null;
    if (known == null) return FakeSandbox.load(directory).orElse(null);
    known.refresh();
    return known;
  }

  /** Removes what is within the fence. Compares and removes in one step. */
  void remove(SandboxId id, Fence fence) {
    var _ = find(id);
    sandboxes.computeIfPresent(
        id,
        (_, sandbox) -> {
          int attempt = sandbox.process().map(SimulatedProcess::attempt).orElse(0);
          if (!fence.allowsAttempt(attempt)) return sandbox;
          sandbox.process().ifPresent(process -> forgetAddress(process.host()));
          if (fence.allowsHome(sandbox.generation())) {
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
    if (!temporary) reloadAll();
    return List.copyOf(sandboxes.values());
  }

  /**
   * Returns how many processes have memory, as far as this node has observed them. A count of many
   * may be a second old.
   */
  long running() {
    return count().running();
  }

  /** Returns how many processes are paged out. A count of many may be a second old. */
  long pagedOut() {
    return count().pagedOut();
  }

  /** Makes the next count current, because memory was freed on purpose. */
  void recount() {
    counted.updateAndGet(last -> new Count(System.nanoTime() - COUNT_AGE.toNanos() - 1, 0, 0));
  }

  private Count count() {
    return counted.updateAndGet(
        last ->
            last.isOld() || sandboxes.size() < MANY
                ? new Count(
                    System.nanoTime(),
                    count(process -> process.runs() && !process.pagedOut()),
                    count(SimulatedProcess::pagedOut))
                : last);
  }

  private long count(Predicate<SimulatedProcess> which) {
    return sandboxes.values().stream()
        .filter(sandbox -> sandbox.process().filter(which).isPresent())
        .count();
  }

  private void reloadAll() {
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
   * Returns a new address for each start, as a real engine assigns a new port. With a shared
   * directory it is random, so that nodes choose different ones.
   */
  String nextAddress() {
    int number =
        temporary ? assigned.getAndIncrement() : ThreadLocalRandom.current().nextInt(ADDRESSES);
    int address = FIRST_ADDRESS + 1 + Math.floorMod(number, ADDRESSES - 2);
    return (address >>> 24)
        + "."
        + (address >>> 16 & 255)
        + "."
        + (address >>> 8 & 255)
        + "."
        + (address & 255);
  }

  /** Returns the running sandbox that has this address. */
  Optional<FakeSandbox> at(String address) {
    var started = lastStartedAt(address).flatMap(this::find).filter(one -> isAt(one, address));
    if (started.isPresent()) return started;
    // A test may have moved the sandbox there.
    Optional<FakeSandbox> known = knownAt(address);
    if (known.isPresent() || temporary) return known;
    reloadAll();
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

  /** Records the address of a sandbox, for other nodes of the same directory too. */
  void started(SandboxId id, String address) {
    startedAt.put(address, id);
    if (temporary) return;
    try {
      // Atomic, so that a node that is killed leaves no partial file.
      Files.createSymbolicLink(addresses.resolve(address), Path.of(id.value()));
    } catch (FileAlreadyExistsException again) {
      // Another sandbox had the address, and is found by what runs.
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private Optional<SandboxId> lastStartedAt(String address) {
    var here = startedAt.get(address);
    if (here != null || temporary) return Optional.ofNullable(here);
    try {
      var link = Files.readSymbolicLink(addresses.resolve(address));
      return Optional.of(new SandboxId(link.toString()));
    } catch (NoSuchFileException | NotLinkException missing) {
      return Optional.empty();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Forgets the address of a process that no longer runs there. */
  void forgetAddress(String address) {
    startedAt.remove(address);
    if (temporary) return;
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
        FileTree.remove(root);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }

  /** Returns the sandbox whose home directory is within the fence. */
  FakeSandbox require(SandboxId id, Fence fence) {
    Optional<FakeSandbox> sandbox = find(id);
    fence.requireHome(id, sandbox.map(FakeSandbox::generation));
    return sandbox.orElseThrow();
  }

  /** Returns an existing sandbox. */
  FakeSandbox require(SandboxId id) {
    return find(id).orElseThrow(() -> SandboxException.noHome(id));
  }

  /** Returns the sandbox if its main process runs, frozen or not. */
  Optional<FakeSandbox> running(SandboxId id) {
    return find(id).filter(found -> found.process().filter(SimulatedProcess::runs).isPresent());
  }
}
