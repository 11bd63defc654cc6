/**
 * Programs that {@code Cgroup2Check} runs in the virtual machine. Does not know how the machine is
 * built.
 */
@NullMarked
package dev.chowder.checks.cgroup2;

import org.jspecify.annotations.NullMarked;
