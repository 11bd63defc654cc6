package dev.chowder.sandbox.docker;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Gives a host without swap a compressed one in memory (zram) for the time of a test. */
final class TestSwap implements AutoCloseable {
  private static final Path CONTROL = Path.of("/sys/class/zram-control");

  private final DockerTestEngine docker = new DockerTestEngine("it-swap");
  private Optional<String> number = Optional.empty();

  void open() {
    try {
      if (Files.readAllLines(Path.of("/proc/swaps")).size() > 1) return;
      assumeTrue(Files.exists(CONTROL), "this host has neither swap nor zram");
      var added = docker.root("cat", CONTROL.resolve("hot_add").toString()).strip();
      number = Optional.of(added);
      docker.root("sh", "-c", "echo 1G > /sys/block/zram" + added + "/disksize");
      docker.root("mkswap", "/dev/zram" + added);
      docker.root("swapon", "/dev/zram" + added);
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  @Override
  public void close() {
    number.ifPresent(
        added -> {
          docker.root("swapoff", "/dev/zram" + added);
          docker.root("sh", "-c", "echo " + added + " > " + CONTROL.resolve("hot_remove"));
        });
  }
}
