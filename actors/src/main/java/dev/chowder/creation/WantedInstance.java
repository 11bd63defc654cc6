package dev.chowder.creation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;

/**
 * An instance to create. All values are within limits.
 *
 * @param modelProvider empty for that of the organization
 * @param model empty for that of the organization's endpoint, or the default of the provider
 * @param sandboxImage variant of the sandbox image
 * @param openclawConfig its overrides; empty if there are none
 */
public record WantedInstance(
    String name,
    Optional<String> modelProvider,
    Optional<String> model,
    Optional<ObjectNode> openclawConfig,
    Map<String, String> labels,
    String sandboxProvider,
    String sandboxImage,
    String openclawVersion,
    String region) {}
