package dev.chowder.operate.process;

/**
 * A port of the installation and its use.
 *
 * @param variable the variable that has the port
 * @param use what needs the port, such as {@code gRPC}
 */
public record PortUse(String variable, String use) {}
