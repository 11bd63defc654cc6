/**
 * Generates the documents of the API and the parts of Envoy's configuration that depend on RPCs,
 * from the compiled protocol. Does not know the server.
 */
@NullMarked
package dev.chowder.apidocs;

import org.jspecify.annotations.NullMarked;
