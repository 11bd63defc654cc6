/**
 * Admits instances: reserves slots of organizations and memory of the host, and reads the models
 * and provider keys of organizations. Its errors are {@link dev.chowder.admission.Rejection}s. Does
 * not know callers of the API or gRPC.
 */
@NullMarked
package dev.chowder.admission;

import org.jspecify.annotations.NullMarked;
