@NullMarked
package dev.chowder.admin.envoy;

import org.jspecify.annotations.NullMarked;
