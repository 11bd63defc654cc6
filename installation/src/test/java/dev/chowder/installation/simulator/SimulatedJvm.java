package dev.chowder.installation.simulator;

import dev.chowder.installation.site.Layout;
import dev.chowder.installation.site.Site;
import dev.chowder.installation.site.TestSite;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/** A program that behaves as the JVM of a simulator, and records its starts and ends. */
public record SimulatedJvm(Path folder) {
  /** Records its process id, and says that it serves unless it must not. Its socket is a copy. */
  private static final String JAVA =
      """
      #!/bin/bash
      cd 'FOLDER' || exit 1
      echo $$ >>starts
      tail -f /dev/null &
      trap 'kill $!; echo $$ >>ends; exit 0' TERM
      if [ ! -e serves-never ]; then
        ln -f socket "$CHOWDER_SANDBOX_SOCKET"
        printf %s $$ >"$CHOWDER_SANDBOX_SOCKET.lock"
      fi
      wait
      """;

  /** Writes the program into a folder of a test. */
  public static SimulatedJvm in(Path folder) throws IOException {
    var java = folder.resolve("java/bin/java");
    Files.createDirectories(java.resolveSibling(""));
    Files.writeString(java, JAVA.replace("FOLDER", folder.toString()));
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }
    return new SimulatedJvm(folder);
  }

  /**
   * Returns an installation with this JVM.
   *
   * @param app the name of the folder with its jars
   */
  public Site site(String app, Map<String, String> variables) {
    var site = TestSite.in(folder, variables).site();
    var root = site.layout().root();
    var layout =
        new Layout(root, folder.resolve(app), folder.resolve("java"), folder.resolve("cache"));
    return new Site(layout, site.variables(), site.notices());
  }

  /** Returns the process ids of all starts. */
  public List<String> starts() throws IOException {
    return Files.readAllLines(folder.resolve("starts"));
  }

  /** Returns the process ids of all ends in order. */
  public List<String> ends() throws IOException {
    return Files.readAllLines(folder.resolve("ends"));
  }
}
