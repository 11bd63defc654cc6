/** Commands for installations that run Envoy themselves. They call no node. */
@NullMarked
package dev.chowder.admin.envoy;

import org.jspecify.annotations.NullMarked;
