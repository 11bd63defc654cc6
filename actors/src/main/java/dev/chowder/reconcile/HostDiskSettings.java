package dev.chowder.reconcile;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Settings of {@link HostDisk}; {@code reference.conf} describes each.
 *
 * @param minFreeBytes free space of the host's disks below which creates are rejected; 0 disables
 *     the guard
 * @param guardInterval time between two readings of the free space
 * @param reserveBytes size of the file that is deleted when the disk of the database is full
 */
@Section("chowder.disk")
public record HostDiskSettings(
    @Setting("min-free-space") long minFreeBytes,
    Duration guardInterval,
    @Setting("reserve-size") long reserveBytes) {}
