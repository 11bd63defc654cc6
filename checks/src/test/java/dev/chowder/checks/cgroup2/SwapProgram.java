package dev.chowder.checks.cgroup2;

import dev.chowder.cli.output.Notices;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.swap.SwapCommand;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs {@code SwapCommand} in the virtual machine of {@code Cgroup2Check}, without the libraries of
 * the command line.
 */
public final class SwapProgram {
  private SwapProgram() {}

  public static void main(String[] args) {
    var variables = Variables.of(System.getenv());
    var java = Path.of(System.getProperty("java.home"));
    var layout = new Layout(Path.of("/check"), Path.of("/check/app"), java, Path.of("/check"));
    SwapCommand.run(new Site(layout, variables, new Notices(System.err, false)), List.of(args));
  }
}
