package dev.chowder.installation.site;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.settings.OldSettings;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Refuses variables and JVM options with an old name, which would be ignored. The start after a
 * reboot uses the settings that an earlier version wrote, so it takes their new names instead.
 */
public final class SettingNames {
  private static final String OPTIONS = "CHOWDER_JAVA_OPTS";
  private static final String PREFIX = "CHOWDER_";

  private final Variables variables;
  private final boolean isStartAtBoot;
  private final Consumer<String> messages;

  private SettingNames(Variables variables, boolean isStartAtBoot, Consumer<String> messages) {
    this.variables = variables;
    this.isStartAtBoot = isStartAtBoot;
    this.messages = messages;
  }

  /**
   * Checks all names, and replaces or removes the old ones in a start after a reboot.
   *
   * @param messages receives a line for each setting that such a start leaves out
   * @throws CommandException if an old name is set in any other command
   */
  public static void check(Variables variables, boolean isStartAtBoot, Consumer<String> messages) {
    var names = new SettingNames(variables, isStartAtBoot, messages);
    OldSettings.newNames().forEach(names::rename);
    OldSettings.removed().forEach(names::remove);
  }

  private void rename(String old, String now) {
    if (!has(old)) return;
    if (!isStartAtBoot) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s%s was renamed to %s: set %s instead".formatted(place(old), old, now, now));
    }
    if (isVariable(old)) {
      variables.set(now, variables.all().getOrDefault(old, ""));
      variables.remove(old);
    } else {
      setOptions(options().replace("-D" + old + "=", "-D" + now + "="));
      var value = System.clearProperty(old);
      if (value != null) System.setProperty(now, value);
    }
  }

  private void remove(String old, String why) {
    if (!has(old)) return;
    var cause = "%s%s was removed, because %s".formatted(place(old), old, why);
    if (!isStartAtBoot) throw new CommandException(ExitCode.USAGE, cause + ": do not set it");
    messages.accept(cause + ": this start ignores it.");
    if (isVariable(old)) {
      variables.remove(old);
    } else {
      var option = Pattern.compile("\\s*-D" + Pattern.quote(old) + "=\\S*");
      var left = option.matcher(options()).replaceAll("");
      // Without options, the server would get the default ones.
      setOptions(left.isEmpty() ? " " : left);
      System.clearProperty(old);
    }
  }

  private boolean has(String name) {
    return isVariable(name) ? variables.has(name) : options().contains("-D" + name + "=");
  }

  private static boolean isVariable(String name) {
    return name.startsWith(PREFIX);
  }

  /** Returns where a setting is set; nothing for a variable. */
  private static String place(String name) {
    return isVariable(name) ? "" : OPTIONS + ": ";
  }

  private String options() {
    return variables.find(OPTIONS).orElse("");
  }

  private void setOptions(String options) {
    variables.set(OPTIONS, options);
  }
}
