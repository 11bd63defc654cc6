package dev.chowder.effect;

import dev.chowder.reconcile.Reconciler;
import java.util.Optional;

/** An effect that knows the reconciler, to prove that {@code ArchitectureTest} finds it. */
public record CanaryEffect(Optional<Reconciler> reconciler) {}
