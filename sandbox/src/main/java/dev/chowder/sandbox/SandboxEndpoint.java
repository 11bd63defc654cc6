package dev.chowder.sandbox;

/** The address of a main process, as seen from Chowder. */
public record SandboxEndpoint(String host, int port) {
  @Override
  public String toString() {
    return host + ":" + port;
  }

  public static SandboxEndpoint parse(String text) {
    int colon = text.lastIndexOf(':');
    return new SandboxEndpoint(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }
}
