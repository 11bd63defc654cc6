/** Tests of who gets in where TLS is on, with certificates that are made on the spot. */
@NullMarked
package dev.chowder.server.tls;

import org.jspecify.annotations.NullMarked;
