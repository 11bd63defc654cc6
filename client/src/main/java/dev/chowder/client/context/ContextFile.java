package dev.chowder.client.context;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code contexts.json}. Only its user can read it, because it has keys. Several processes
 * may change it at once.
 */
public final class ContextFile {
  private static final FileAttribute<?> PRIVATE_FILE = mode("rw-------");
  private static final FileAttribute<?> PRIVATE_FOLDER = mode("rwx------");
  private static final Set<PosixFilePermission> OF_OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private static final String CLIENT_CERTIFICATE = "client_certificate";
  private static final String CLIENT_KEY = "client_key";

  private static final long MAX_BYTES = 1 << 20;
  private static final Duration LOCK_LIMIT = Duration.ofSeconds(5);
  private static final Duration LOCK_PAUSE = Duration.ofMillis(20);

  private final Path file;

  /** Uses a file, which may not exist. */
  public ContextFile(Path file) {
    this.file = file;
  }

  /**
   * Returns the file of a user.
   *
   * @param variables the environment: {@code XDG_CONFIG_HOME} and {@code HOME}
   */
  public static ContextFile of(Map<String, String> variables) {
    var configured = variables.getOrDefault("XDG_CONFIG_HOME", "");
    // The specification of the variable says that relative paths are ignored.
    var folder =
        configured.startsWith("/") ? Path.of(configured) : Home.of(variables).resolve(".config");
    return new ContextFile(folder.resolve("chowder").resolve("contexts.json"));
  }

  public Path path() {
    return file;
  }

  /**
   * Reads the contexts; none if there is no file.
   *
   * @throws ClientException if others than its owner can read or change it, or if it is damaged
   */
  public Contexts load() {
    try {
      var others = Files.getPosixFilePermissions(file);
      others.retainAll(OF_OTHERS);
      if (!others.isEmpty()) {
        throw unusable("other users can read or change it", "run chmod 600 %s".formatted(file));
      }
      if (Files.size(file) > MAX_BYTES) throw unusable("it is larger than 1 MiB", "remove it");
      return parse(Files.readString(file));
    } catch (NoSuchFileException none) {
      return Contexts.NONE;
    } catch (IOException failed) {
      throw unusable(IoCause.of(failed), "make it readable");
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | UnsupportedOperationException
        | InvalidPathException damaged) {
      throw unusable("it is no valid JSON of contexts", "correct or remove it");
    }
  }

  /**
   * Changes the contexts. The file has either all of the change or nothing of it. Waits up to 5 s
   * while another process changes it.
   */
  public void update(UnaryOperator<Contexts> change) {
    try {
      var folder = file.toAbsolutePath().getParent();
      if (folder == null) throw unusable("it is in no folder", "set XDG_CONFIG_HOME");
      Files.createDirectories(folder, PRIVATE_FOLDER);
      try (var _ = lock(folder.resolve("contexts.lock"))) {
        var text = text(change.apply(load()));
        var part = Files.createTempFile(folder, "contexts", ".part", PRIVATE_FILE);
        try {
          Files.writeString(part, text, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
          Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
          Files.deleteIfExists(part);
        }
      }
    } catch (IOException failed) {
      throw unusable(IoCause.of(failed), "make its folder writable, or set XDG_CONFIG_HOME");
    }
  }

  /** Returns a channel that holds the lock until it is closed. */
  private FileChannel lock(Path path) throws IOException {
    var channel =
        FileChannel.open(
            path, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), PRIVATE_FILE);
    long deadline = System.nanoTime() + LOCK_LIMIT.toNanos();
    try {
      while (!isLocked(channel)) {
        if (System.nanoTime() > deadline) {
          throw unusable("another process has been changing it for 5 s", "repeat the command");
        }
        Thread.sleep(LOCK_PAUSE);
      }
      return channel;
    } catch (InterruptedException interrupted) {
      channel.close();
      throw ClientException.interrupted(interrupted);
    } catch (IOException | RuntimeException failed) {
      channel.close();
      throw failed;
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return false;
    }
  }

  private Contexts parse(String text) {
    var root = JsonParser.parseString(text).getAsJsonObject();
    var all = new LinkedHashMap<String, Context>();
    var stored = root.getAsJsonObject("contexts");
    if (stored != null) {
      for (var entry : stored.entrySet()) {
        all.put(entry.getKey(), context(entry.getKey(), entry.getValue().getAsJsonObject()));
      }
    }
    return new Contexts(text(root, "current"), all);
  }

  private Context context(String name, JsonObject stored) {
    var source = "%s, context %s".formatted(file, name);
    return Context.named(
        name,
        ServerUrl.parse(required(stored, "url"), source),
        Key.of(required(stored, "key"), source),
        TlsFiles.of(
            path(stored, "ca"),
            path(stored, CLIENT_CERTIFICATE),
            path(stored, CLIENT_KEY),
            source));
  }

  private static @Nullable Path path(JsonObject stored, String name) {
    var text = text(stored, name);
    return text == null ? null : Path.of(text);
  }

  private static void add(JsonObject stored, String name, @Nullable Path file) {
    if (file != null) stored.addProperty(name, file.toString());
  }

  private String required(JsonObject stored, String name) {
    var value = text(stored, name);
    if (value == null) throw unusable("a context has no " + name, "correct or remove it");
    return value;
  }

  private static @Nullable String text(JsonObject stored, String name) {
    JsonElement value = stored.get(name);
    return value == null || value.isJsonNull() ? null : value.getAsString();
  }

  private static String text(Contexts contexts) {
    var stored = new JsonObject();
    contexts
        .byName()
        .forEach(
            (name, context) -> {
              var one = new JsonObject();
              one.addProperty("url", context.url().toString());
              one.addProperty("key", Objects.requireNonNull(context.key()).secret());
              add(one, "ca", context.tls().ca());
              add(one, CLIENT_CERTIFICATE, context.tls().clientCertificate());
              add(one, CLIENT_KEY, context.tls().clientKey());
              stored.add(name, one);
            });
    var root = new JsonObject();
    if (contexts.current() != null) root.addProperty("current", contexts.current());
    root.add("contexts", stored);
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(root) + "\n";
  }

  private ClientException unusable(String cause, String remedy) {
    return new ClientException(
        Kind.INVALID, "cannot use %s: %s; %s".formatted(file, cause, remedy));
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String mode) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
  }
}
