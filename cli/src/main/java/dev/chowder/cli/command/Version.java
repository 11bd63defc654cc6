package dev.chowder.cli.command;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The version of the jar, which is that of Chowder. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    var version = Version.class.getPackage().getImplementationVersion();
    return new String[] {"chowder " + Objects.requireNonNullElse(version, "(not packaged)")};
  }
}
