@NullMarked
package dev.chowder.operate.admin.envoy;

import org.jspecify.annotations.NullMarked;
