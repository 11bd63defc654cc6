/**
 * Programs that {@code SystemdCheck} runs in the virtual machine. Does not know how the machine is
 * built.
 */
@NullMarked
package dev.chowder.checks.systemd;

import org.jspecify.annotations.NullMarked;
