/** Tests that the generated files match the protocol, and writes them on request. */
@NullMarked
package dev.chowder.apidocs;

import org.jspecify.annotations.NullMarked;
