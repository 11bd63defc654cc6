package dev.chowder.operate.swap;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Changes the swap of this host as root. A check runs it in a small virtual machine, so it needs
 * only the modules {@code base}, {@code client}, {@code cli} and {@code operate}, and no other
 * library.
 *
 * <p>All installations of a host share the zram device. The last one that is purged removes it:
 * swapoff reads all pages back, and the kernel can kill agents if they do not fit.
 */
public final class SwapCommand {
  private final Site site;
  private final SwapRecord record;
  private final ActiveSwap active;
  private final SwapFile file;

  private SwapCommand(Site site, SwapRecord record, Path home) throws IOException {
    this.site = site;
    this.record = record;
    this.active = ActiveSwap.ofHost();
    this.file = new SwapFile(site, home.toRealPath().resolve(SwapFile.NAME), active);
  }

  /**
   * Runs the command. {@code ensure ID HOME ZRAM [BYTES]} makes swap available for the installation
   * ID in HOME. ZRAM is {@code yes} or {@code no}, and BYTES is the size of the swap file: 0
   * removes it, and without it the file stays as it is. {@code release ID HOME} removes what no
   * other installation needs.
   *
   * @param site receives messages. It can be that of another user
   * @throws CommandException if the swap file cannot be used, or must stay
   */
  public static void run(Site site, List<String> words) {
    var verb = words.isEmpty() ? "" : words.getFirst();
    int count = words.size();
    boolean ensures = verb.equals("ensure") && (count == 4 || count == 5);
    if (!ensures && !(verb.equals("release") && count == 3)) {
      throw ExitCode.USAGE.failure("usage: swap ensure ID HOME yes|no [BYTES] | release ID HOME");
    }
    var id = words.get(1);
    var home = Path.of(words.get(2));
    var bytes = count == 5 ? number(words.get(4)) : OptionalLong.empty();
    try (var record = SwapRecord.lock()) {
      if (ensures) record.add(id, home);
      var command = new SwapCommand(site, record, home);
      if (ensures) {
        command.ensure(words.get(3).equals("yes"), bytes);
      } else {
        command.release(id);
      }
    } catch (IOException failed) {
      throw ExitCode.FAILED.failure(
          cannot("change the swap of this host", failed.toString()), failed);
    }
  }

  private static OptionalLong number(String bytes) {
    return bytes.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(bytes));
  }

  /** Sets up zram also if the file cannot be used. */
  private void ensure(boolean zram, OptionalLong bytes) throws IOException {
    @Nullable CommandException failure = null;
    try {
      file.ensure(bytes);
    } catch (CommandException failed) {
      failure = failed;
    }
    if (zram) new Zram(site, record, active).ensure();
    if (failure != null) throw failure;
  }

  /**
   * Removes the installation from the record. The last one removes the zram device and the record.
   */
  private void release(String id) throws IOException {
    record.remove(id);
    var others = record.others();
    if (others.isEmpty()) {
      releaseLast();
    } else {
      leave(others.stream().map(Path::toString).collect(Collectors.joining(" and ")));
    }
    file.delete();
  }

  private void leave(String others) {
    if (active.isOn(file.path())) {
      throw ExitCode.CONFLICT.failure(
          ("cannot remove %s yet: agents of %s may have memory in it; purge that installation or"
                  + " reboot the host, and run this again")
              .formatted(file.path(), others));
    }
    if (record.zram().isEmpty()) return;
    site.say("The zram swap stays, since the installation in " + others + " may use it.");
  }

  private void releaseLast() throws IOException {
    if (!active.turnOff(file.path())) {
      throw ExitCode.FAILED.cannot(
          "turn off " + file.path(),
          "its pages do not fit in memory",
          "stop other programs and run this again");
    }
    new Zram(site, record, active).remove();
    if (record.zram().isPresent()) return;
    if (record.loadedModule()) {
      var _ = RootProgram.succeeds("modprobe", "-q", "-r", "zram");
    }
    record.delete();
  }
}
