package dev.chowder.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.concurrent.ExecutorService;

/**
 * Parts that most steps of a start share.
 *
 * @param blocking runs blocking work, each task on its own virtual thread
 */
public record NodeContext(Clock clock, MeterRegistry metrics, ExecutorService blocking) {}
