package dev.chowder.cluster;

import dev.chowder.base.Failpoints;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.concurrent.ExecutorService;

/**
 * Parts that most steps of a start share.
 *
 * @param blocking runs blocking work, each task on its own virtual thread
 * @param failpoints where a test ends this node
 */
public record NodeContext(
    Clock clock, MeterRegistry metrics, ExecutorService blocking, Failpoints failpoints) {}
