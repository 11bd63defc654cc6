package dev.chowder.bench;

import java.net.URI;
import java.nio.file.Path;

/**
 * Where an installation serves calls.
 *
 * @param rest the public API
 * @param operator the operator API
 * @param monitoring the metrics of the first node
 * @param operatorToken the file with the key of the latter two
 */
record Endpoints(URI rest, URI operator, URI monitoring, Path operatorToken) {}
