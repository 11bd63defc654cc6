/** Who calls: from the bearer key of a request to its organization. Knows no storage of keys. */
@NullMarked
package dev.chowder.server.auth;

import org.jspecify.annotations.NullMarked;
