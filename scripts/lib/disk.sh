# shellcheck shell=bash
# Mounts small file systems in memory for tests that fill a disk, so that no other file system is affected. Needs common.sh.

# disk_mount FOLDER MEBIBYTES: mounts one that all users may write to; fails if the user may not become root.
disk_mount() { as_root mount -t tmpfs -o "size=$2m,mode=1777" chowder-test "$1"; }

# disk_unmount FOLDER: unmounts it, which deletes its files.
disk_unmount() { as_root umount "$1"; }
