/**
 * Removes everything that an installation created in Docker, in the firewall and on the disk, but
 * nothing of another installation on the same machine.
 */
@NullMarked
package dev.chowder.operate.purge;

import org.jspecify.annotations.NullMarked;
