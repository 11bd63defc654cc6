package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The machine that an engine shares with Chowder: its memory, its ports and its firewall. An engine
 * that runs sandboxes on machines of its own has none ({@link #NONE}): it admits, places and
 * isolates sandboxes itself.
 */
public interface SandboxHost {
  /** The host of an engine that manages its machines itself. */
  SandboxHost NONE =
      new SandboxHost() {
        @Override
        public HostCapacity capacity() {
          return new HostCapacity(Long.MAX_VALUE, Long.MAX_VALUE, 0, 0, 0);
        }

        @Override
        public OptionalLong freeDiskBytes() {
          return OptionalLong.empty();
        }

        @Override
        public String hostAddressFromSandbox() {
          throw new SandboxException(
              SandboxException.Reason.REFUSED,
              cannot(
                  "reach a port of the host from a sandbox",
                  "the engine of the sandbox has no host"));
        }

        @Override
        public void openHostPorts(Set<Integer> ports) {}

        @Override
        public Optional<String> isolationFailure() {
          return Optional.empty();
        }
      };

  /** Returns the host's total and available memory, and its swap. */
  HostCapacity capacity();

  /**
   * Returns the free space of the disk that has the home directories, as a process without
   * privileges may use it. Empty if this machine does not see that disk or if the engine did not
   * yet respond.
   */
  OptionalLong freeDiskBytes();

  /** Returns the address under which sandboxes reach the machine that Chowder runs on. */
  String hostAddressFromSandbox();

  /**
   * Lets sandboxes reach exactly these ports of the host; connections through other ports are
   * closed. If the host cannot be changed yet, for example because its engine does not respond,
   * this returns. The change then follows as soon as possible.
   */
  void openHostPorts(Set<Integer> ports);

  /**
   * Returns why sandboxes may reach this host, each other or private networks; empty if the last
   * check found the firewall rules in place. Does not block.
   */
  Optional<String> isolationFailure();
}
