/** Commands for installations that run Envoy themselves. They call no node. */
@NullMarked
package dev.chowder.operate.admin.envoy;

import org.jspecify.annotations.NullMarked;
