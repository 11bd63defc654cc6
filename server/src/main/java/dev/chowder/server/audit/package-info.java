/** Records security-relevant reads and failed authentications. Does not know what a call does. */
@NullMarked
package dev.chowder.server.audit;

import org.jspecify.annotations.NullMarked;
