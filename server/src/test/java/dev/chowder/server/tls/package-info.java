/** Tests of access with TLS, with certificates that the tests issue. */
@NullMarked
package dev.chowder.server.tls;

import org.jspecify.annotations.NullMarked;
