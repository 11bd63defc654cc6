/**
 * The packages that ship with Chowder: their list, licences and known vulnerabilities. Does not
 * know Debian's packages nor the libraries inside Envoy and Node. {@code scripts/release} runs
 * these classes from their sources, with the libraries of the server.
 */
@NullMarked
package dev.chowder.checks.dependency;

import org.jspecify.annotations.NullMarked;
