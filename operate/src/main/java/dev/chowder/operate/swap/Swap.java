package dev.chowder.operate.swap;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Makes swap available as the operator chose. {@link SwapCommand} makes the changes that need root.
 */
public final class Swap {
  private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,5})([MGT])(?:i?B)?");
  private static final Pattern NO_FILE = Pattern.compile("0+");
  private static final String DISK_SWAP = "CHOWDER_DISK_SWAP";
  private static final String NO_ZRAM = "no-zram";

  /** The values of the server's setting that mean "no". */
  private static final Set<String> OFF = Set.of("false", "no", "off");

  /** More than the limits of the lock, of swapoff and of other programs. */
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private final Site site;
  private final Supplier<Optional<RootPart>> root;
  private final ActiveSwap active;

  /** The part that runs as root. */
  @FunctionalInterface
  interface RootPart {
    /**
     * Makes a change.
     *
     * @param words the arguments of {@link SwapCommand}
     * @throws CommandException if it fails
     */
    void run(List<String> words);
  }

  public Swap(Site site) {
    this(site, () -> rootPart(site), ActiveSwap.ofHost());
  }

  /**
   * @param root returns the part that runs as root; empty if this user may not become root
   */
  Swap(Site site, Supplier<Optional<RootPart>> root, ActiveSwap active) {
    this.site = site;
    this.root = root;
    this.active = active;
  }

  /** Returns the size of {@code --swap-file} in bytes. */
  public static long bytes(String size) {
    if (NO_FILE.matcher(size).matches()) return 0;
    var parts = SIZE.matcher(size);
    if (!parts.matches()) {
      var rule = "be a size such as 64G or 512M, or 0 to remove the file";
      throw ExitCode.USAGE.failure(must("--swap-file", rule, size));
    }
    int shift =
        switch (parts.group(2)) {
          case "M" -> 20;
          case "G" -> 30;
          default -> 40;
        };
    return Long.parseLong(parts.group(1)) << shift;
  }

  /** Records the choice of {@code --zram} or {@code --no-zram} for later runs. */
  public void chooseZram(boolean wanted) {
    if (wanted) {
      site.delete(NO_ZRAM);
    } else {
      site.write(NO_ZRAM, "");
    }
  }

  /**
   * Makes swap available.
   *
   * @param bytes a new size of the swap file, 0 to remove it, and empty to keep it as it is
   * @throws CommandException only if a new size of the swap file cannot be set
   */
  public void ensure(OptionalLong bytes) {
    boolean zram = freezes() && !Files.exists(site.file(NO_ZRAM));
    var engine = site.variables().find("DOCKER_HOST").orElse("unix:");
    if (!engine.startsWith("unix:")) {
      if (bytes.isEmpty()) return;
      throw ExitCode.USAGE.failure(
          ("--swap-file: cannot be used with DOCKER_HOST=%s, since agents use the memory of that"
                  + " host: add swap there")
              .formatted(engine));
    }
    var part = root.get();
    if (part.isPresent()) {
      ensureAsRoot(part.get(), zram, bytes);
    } else if (bytes.isPresent()) {
      throw ExitCode.DENIED.failure(
          "--swap-file: needs root: run this as root, or permit sudo without a password");
    } else if (zram && active.paths().isEmpty()) {
      site.say(
          ("This host has no swap, so sleeping agents keep all their memory. To let %s set up zram,"
                  + " run it as root or permit sudo without a password.")
              .formatted(site.command("up")));
    }
  }

  private void ensureAsRoot(RootPart part, boolean zram, OptionalLong bytes) {
    var words = new ArrayList<>(words("ensure"));
    words.add(zram ? "yes" : "no");
    if (bytes.isPresent()) words.add(String.valueOf(bytes.getAsLong()));
    try {
      part.run(words);
    } catch (CommandException failed) {
      // An installation also works without swap.
      if (bytes.isPresent() || failed.code() == ExitCode.INTERRUPTED) throw failed;
      site.say(failed.getMessage() + ".");
    } catch (ProgramException | UncheckedIOException failed) {
      if (bytes.isPresent()) throw failed;
      site.say("chowder: cannot set up swap: %s.".formatted(failed.getMessage()));
    }
  }

  /**
   * Lets the server use the swap file that the operator asked for, and says that agents do not use
   * other swap on a disk.
   */
  public void permitDisk() {
    var variables = site.variables();
    if (Files.exists(site.file(SwapFile.NAME))) variables.setDefault(DISK_SWAP, "true");
    if (!freezes() || variables.find(DISK_SWAP).isPresent() || active.onDisk().isEmpty()) return;
    site.say(
        "This host has swap on a disk. Memory of agents holds provider keys and does not go there,"
            + " so sleeping agents stay in memory. CHOWDER_DISK_SWAP=true permits it.");
  }

  /**
   * Undoes what this installation did.
   *
   * @throws CommandException if the swap file cannot be removed yet
   */
  public void purge() {
    if (!SwapRecord.has(site.clusterId()) && !Files.exists(site.file(SwapFile.NAME))) return;
    var part =
        root.get()
            .orElseThrow(
                () ->
                    ExitCode.FAILED.cannot(
                        "remove the swap of this installation",
                        "that needs root",
                        "run this as root"));
    part.run(words("release"));
  }

  private List<String> words(String verb) {
    return List.of(verb, site.clusterId(), site.home().toString());
  }

  /** Returns whether a stop freezes agents, which is the default. */
  private boolean freezes() {
    return !OFF.contains(site.variables().find("CHOWDER_FREEZE").orElse("true"));
  }

  private static Optional<RootPart> rootPart(Site site) {
    return Root.find()
        .map(
            root ->
                root.prefix().isEmpty()
                    ? words -> SwapCommand.run(site, words)
                    : words -> runBySudo(site, root, words));
  }

  /** Root may have no HOME, for example in a unit of systemd. */
  private static void runBySudo(Site site, Root root, List<String> words) {
    var layout = site.layout();
    var program =
        Program.of(
                layout.jvm().toString(),
                "--enable-native-access=ALL-UNNAMED",
                property(Layout.ROOT, layout.root()),
                property(Layout.APP, layout.app()),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.chowder.operate.Main",
                "swap")
            .and(words.toArray(String[]::new))
            .with("HOME", site.variables().get("HOME"))
            // Java decodes the names of files with it.
            .with("LC_ALL", "C.UTF-8")
            .within(LIMIT)
            .shown();
    if (root.run(program).succeeds()) return;
    throw ExitCode.FAILED.failure(cannot("change the swap of this host", "see the message above"));
  }

  private static String property(String name, Path value) {
    return "-D" + name + "=" + value;
  }
}
