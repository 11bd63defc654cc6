package dev.chowder.sandbox;

import java.util.List;
import java.util.Map;

/**
 * The main process. Its port is published on an address that only the host reaches. The environment
 * never holds a secret.
 */
public record ProcessSpec(
    String snapshot,
    String organizationId,
    List<String> command,
    Map<String, String> environment,
    int port,
    SandboxResources resources) {}
