package dev.chowder.reconcile;

import dev.chowder.effect.EffectRunner;
import java.util.Optional;

/**
 * A comparison that knows the runner of effects, to prove that {@code ArchitectureTest} finds it.
 */
public record CanaryComparison(Optional<EffectRunner> effects) {}
