# shellcheck shell=bash
# Small file systems in memory, for tests that fill one up: no other one is touched by that. Needs common.sh.

# disk_mount FOLDER MEBIBYTES: anybody may write into it; fails where nobody may mount.
disk_mount() { as_root mount -t tmpfs -o "size=$2m,mode=1777" chowder-test "$1"; }

# disk_unmount FOLDER: with all that lies in it.
disk_unmount() { as_root umount "$1"; }
