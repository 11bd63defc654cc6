package dev.chowder.admission;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;

/**
 * Models that are used if neither the instance nor the organization's endpoint names one.
 *
 * @param provider provider of a create that names none, if the organization has set it up
 * @param image image of the sandboxes, which decides whether a pool member fits
 */
@Section("chowder.models.default")
public record ModelSettings(
    String anthropic,
    String openai,
    String gemini,
    @Setting("chowder.instances.default-model-provider") String provider,
    @Setting("chowder.sandbox.image") String image) {}
