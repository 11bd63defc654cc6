/**
 * A sandbox engine in another process. {@code RemoteEngine} is the client and {@code EngineServer}
 * serves any engine; {@code chowder.engine.v1} is their protocol. Does not know which engine runs
 * the sandboxes.
 */
@NullMarked
package dev.chowder.remote;

import org.jspecify.annotations.NullMarked;
