#!/usr/bin/env bash
# Swap for sleeping agents: a zram device if the host has no swap, and a swap file if the operator permits one. Does not know agents.
# Sourced, it needs common.sh, settings.sh and docker.sh. Run as root, it makes the changes:
#
#   scripts/lib/swap.sh ensure ID HOME ZRAM [SIZE]   for the installation ID in HOME. ZRAM is yes or no. SIZE is that of the swap file
#                                                    in bytes, 0 to remove it, and empty to keep it as it is
#   scripts/lib/swap.sh release ID HOME              removes what no other installation needs; fails if the swap file must stay
#
# All installations of a host share the zram device. The last one that is purged removes it: swapoff reads all pages back, and the kernel
# can kill agents if they do not fit.

# The number of the zram device in `zram`, and the state directory of each installation in `users/ID`. Valid for one boot, as a zram
# device is: `boot` has the boot's id, since some hosts keep /run on a disk.
SWAP_RECORD=/run/chowder-swap
SWAP_LABEL=chowder
# Shares of the host's memory that zram may take, in percent. Memory of OpenClaw compresses to 1/2.6 (lzo-rle or lz4), so the device holds
# 2.5 times as much as it may take, and is full before it reaches its limit. With a swap file, more agents can run beside the sleepers.
SWAP_ZRAM_PERCENT=80
SWAP_ZRAM_PERCENT_BESIDE_FILE=25
# Space that must stay free on the file system of a swap file, for the database and the home volumes.
SWAP_FREE_BYTES=$((5 << 30))
# Time limit of swapoff, which reads all pages back.
SWAP_OFF_SECONDS=600

# swap_choose_zram yes|no: records the choice of --zram or --no-zram for later runs.
swap_choose_zram() {
  if [ "$1" = yes ]; then rm -f "$CHOWDER_HOME/no-zram"; else touch "$CHOWDER_HOME/no-zram"; fi
}

# swap_bytes SIZE: prints the size of --swap-file in bytes.
swap_bytes() {
  if [[ "$1" =~ ^0+$ ]]; then
    echo 0
  elif [[ "$1" =~ ^([1-9][0-9]{0,5})([MGT])(i?B)?$ ]]; then
    numfmt --from=iec "${BASH_REMATCH[1]}${BASH_REMATCH[2]}"
  else
    die "--swap-file: must be a size such as 64G or 512M, or 0 to remove the file; got $1."
  fi
}

# agents_freeze: succeeds if a stop freezes agents, which is the default. The values are those of the server's settings.
agents_freeze() {
  case "${CHOWDER_FREEZE:-true}" in
    false | no | off) return 1 ;;
  esac
}

# swap_ensure [BYTES]: makes swap available as the operator chose. It only fails if a new size of the swap file cannot be set.
swap_ensure() {
  local zram=yes
  if [ -e "$CHOWDER_HOME/no-zram" ] || ! agents_freeze; then zram=no; fi
  case "${DOCKER_HOST:-unix:}" in
    unix:*) ;;
    *)
      [ -z "${1:-}" ] || die "--swap-file: cannot be used with DOCKER_HOST=$DOCKER_HOST, since agents use the memory of that host: add swap there."
      return 0
      ;;
  esac
  if can_be_root; then
    swap_as_root ensure "$CHOWDER_CLUSTER_ID" "$CHOWDER_HOME" "$zram" "${1:-}" || [ -z "${1:-}" ] || exit 1
  elif [ -n "${1:-}" ]; then
    die "--swap-file: needs root: run this as root, or permit sudo without a password."
  elif [ "$zram" = yes ] && [ "$(wc -l </proc/swaps)" -le 1 ]; then
    say "This host has no swap, so sleeping agents keep all their memory. To let scripts/up set up zram, run it as root or permit sudo without a password."
  fi
}

# swap_permit_disk: lets the server use the swap file that the operator asked for, and says that agents do not use other swap on a disk.
swap_permit_disk() {
  if [ -e "$CHOWDER_HOME/swap-file" ]; then export CHOWDER_DISK_SWAP="${CHOWDER_DISK_SWAP:-true}"; fi
  if agents_freeze && [ -z "${CHOWDER_DISK_SWAP:-}" ] && [ -n "$(disk_swaps)" ]; then
    say "This host has swap on a disk. Memory of agents holds provider keys and does not go there, so sleeping agents stay in memory. CHOWDER_DISK_SWAP=true permits it."
  fi
}

# disk_swaps: prints the swap of this host that is not zram. zram with a backing device can write its pages to that disk.
disk_swaps() {
  local swap
  awk 'NR > 1 { print $1 }' /proc/swaps | while read -r swap; do
    if [[ $swap =~ ^/dev/zram[0-9]+$ ]] && [ "$(cat "/sys/block/${swap#/dev/}/backing_dev" 2>/dev/null || echo none)" = none ]; then continue; fi
    echo "$swap"
  done
}

# swap_purge: undoes what this installation did. Fails if the swap file cannot be removed yet.
swap_purge() {
  if [ ! -e "$SWAP_RECORD/users/$CHOWDER_CLUSTER_ID" ] && [ ! -e "$CHOWDER_HOME/swap-file" ]; then return 0; fi
  can_be_root || die "cannot remove the swap of this installation: that needs root; run this as root."
  swap_as_root release "$CHOWDER_CLUSTER_ID" "$CHOWDER_HOME" || exit 1
}

# Closes file descriptor 9, the caller's lock. Root may have no HOME, for example in a unit of systemd.
swap_as_root() { as_root env HOME="$HOME" PATH="$PATH:/usr/sbin:/sbin" bash "$ROOT/scripts/lib/swap.sh" "$@" 9>&-; }

# --- The rest runs as root.

swap_main() {
  local failed=0
  case "$#:${1:-}" in
    [45]:ensure)
      record_lock
      record_user "$2" "$3"
      FILE="$(realpath -- "$3")/swap-file"
      # In a subshell, so that zram is set up also if the file cannot be used.
      (file_ensure "${5:-}") || failed=1
      if [ "$4" = yes ]; then zram_ensure; fi
      ;;
    3:release)
      record_lock
      FILE="$(realpath -- "$3")/swap-file"
      swap_release "$2"
      ;;
    *) die "usage: scripts/lib/swap.sh ensure ID HOME yes|no [BYTES] | release ID HOME" ;;
  esac
  return "$failed"
}

# record_lock: creates the record if there is none of this boot, and locks it. A process that removes the record holds the lock, so the
# locked file may be gone afterwards.
record_lock() {
  umask 022
  wait_until 60 record_locked || die "cannot lock $SWAP_RECORD: another scripts/up or scripts/down changes the swap of this host; wait until it has finished."
  if [ "$(cat "$SWAP_RECORD/boot" 2>/dev/null)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    rm -rf "$SWAP_RECORD/zram" "$SWAP_RECORD/module" "$SWAP_RECORD/users"
    mkdir "$SWAP_RECORD/users"
    cat /proc/sys/kernel/random/boot_id >"$SWAP_RECORD/boot"
  fi
}

record_locked() {
  mkdir -p "$SWAP_RECORD/users" && (umask 077 && : >>"$SWAP_RECORD/lock") 2>/dev/null || return 1
  { exec 8<"$SWAP_RECORD/lock"; } 2>/dev/null || return 1
  flock -w 60 8 && [ "$SWAP_RECORD/lock" -ef /dev/fd/8 ]
}

record_user() { printf '%s\n' "$2" >"$SWAP_RECORD/users/$1"; }

# record_others: prints the state directories of the other installations that still exist.
record_others() {
  local user home
  for user in "$SWAP_RECORD"/users/*; do
    [ -e "$user" ] || continue
    home="$(cat "$user")"
    if [ "${user##*/}" = "$(cat "$home/cluster-id" 2>/dev/null)" ]; then printf '%s\n' "$home"; else rm -f "$user"; fi
  done
}

# swap_used PATH: prints the KiB in use of a swap device or file that is on; fails if it is off. The kernel prints spaces as \040.
swap_used() { WANTED="${1// /\\040}" awk 'NR > 1 && $1 == ENVIRON["WANTED"] { print $4; found = 1 } END { exit !found }' /proc/swaps; }

swap_is_on() { swap_used "$1" >/dev/null; }

# swap_off PATH: fails if the pages do not fit in memory.
swap_off() {
  local used
  used="$(swap_used "$1")" || return 0
  [ "$used" -lt "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" ] && timeout "$SWAP_OFF_SECONDS" swapoff "$1"
}

# kernel_write VALUE FILE: writes to a file of /sys. udev opens a device for a moment after each change, and the kernel rejects some
# writes meanwhile.
kernel_write() { wait_until 10 kernel_accepts "$@"; }

kernel_accepts() { { echo "$1" >"$2"; } 2>/dev/null; }

# memory_bytes: computes in the shell, since integers of mawk have 32 bits.
memory_bytes() { echo $(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) * 1024)); }

gib() { awk -v bytes="$1" 'BEGIN { printf "%.1f GiB", bytes / (1024 * 1024 * 1024) }'; }

zram_number() { cat "$SWAP_RECORD/zram" 2>/dev/null; }

# zram_ensure: turns zram swap on, unless the host has swap that Chowder did not create. Continues what a killed run began.
zram_ensure() {
  local number percent="$SWAP_ZRAM_PERCENT"
  if files_of_users | swap_any_is_on; then percent="$SWAP_ZRAM_PERCENT_BESIDE_FILE"; fi
  LIMIT_BYTES=$((($(memory_bytes) * percent / 100) & ~4095))
  DISK_BYTES=$(((LIMIT_BYTES * 5 / 2) & ~4095))
  number="$(zram_number)" || number=""
  if [ -n "$number" ] && swap_is_on "/dev/zram$number"; then
    if [ "$(cat "/sys/block/zram$number/disksize")" = "$DISK_BYTES" ]; then return 0; fi
    # A swap file was created or removed.
    if [ "$(swap_used "/dev/zram$number")" != 0 ]; then
      say "The zram swap is in use, so it keeps its size until the next scripts/up after a reboot."
      return 0
    fi
    swap_off "/dev/zram$number" || return 0
  fi
  if host_has_swap; then return 0; fi
  if zram_create; then
    say "Set up zram swap for $(gib "$DISK_BYTES") of memory of sleeping agents; it takes at most $(gib "$LIMIT_BYTES"). scripts/down --purge removes it; scripts/up --no-zram sets up none."
  else
    say "This host has no swap, and zram could not be set up, so sleeping agents keep all their memory. Install the kernel module zram (on Ubuntu in linux-modules-extra-$(uname -r)), or add swap to the host and set CHOWDER_DISK_SWAP=true."
  fi
}

# host_has_swap: succeeds if swap is on that no installation of Chowder created.
host_has_swap() {
  local path
  while read -r path; do
    if [ "$path" != "/dev/zram$(zram_number)" ] && ! files_of_users | grep -qxF -- "$path"; then return 0; fi
  done < <(awk 'NR > 1 { print $1 }' /proc/swaps)
  return 1
}

# swap_any_is_on: succeeds if one of the paths on stdin is on.
swap_any_is_on() { grep -qxF -f - <(awk 'NR > 1 { print $1 }' /proc/swaps); }

# files_of_users: prints the swap files that installations may have, as /proc/swaps prints them.
files_of_users() {
  local user file
  for user in "$SWAP_RECORD"/users/*; do
    file="$(realpath -m -- "$(cat "$user")/swap-file")"
    printf '%s\n' "${file// /\\040}"
  done
}

# Creates a device of its own, since others may be meant for other programs. If this is killed between the creation and the record, an
# empty device remains, which takes no memory.
zram_create() {
  local number
  if [ ! -d /sys/class/zram-control ]; then
    : >"$SWAP_RECORD/module"
    modprobe -q zram num_devices=0 || return 1
  fi
  number="$(zram_number)" || number=""
  if [ -z "$number" ] || [ ! -b "/dev/zram$number" ]; then
    cat /sys/class/zram-control/hot_add >"$SWAP_RECORD/zram" || return 1
    number="$(zram_number)"
  fi
  # The kernel's readahead skips zram, and reclaim of a control group does not depend on vm.swappiness: no setting is changed.
  if [ "$(cat "/sys/block/zram$number/disksize")" != 0 ]; then kernel_write 1 "/sys/block/zram$number/reset" || return 1; fi
  kernel_write "$DISK_BYTES" "/sys/block/zram$number/disksize" && kernel_write "$LIMIT_BYTES" "/sys/block/zram$number/mem_limit" || return 1
  mkswap -q -L "$SWAP_LABEL" "/dev/zram$number" >/dev/null && swapon -p 100 "/dev/zram$number"
}

# zram_remove: the record is removed before the device, since another program may then create a device with the same number.
zram_remove() {
  local number
  number="$(zram_number)" || return 0
  if [ -b "/dev/zram$number" ]; then
    if ! swap_off "/dev/zram$number"; then
      say "cannot turn off /dev/zram$number: its pages do not fit in memory; stop other programs and run 'swapoff /dev/zram$number' as root."
      return 0
    fi
    kernel_write 1 "/sys/block/zram$number/reset" || die "cannot reset /dev/zram$number: another program uses it; end that program and run this again."
  fi
  rm -f "$SWAP_RECORD/zram"
  if [ -e "/sys/block/zram$number" ]; then kernel_write "$number" /sys/class/zram-control/hot_remove || true; fi
}

# file_ensure [BYTES]: creates, keeps or removes the swap file.
file_ensure() {
  local size="$1" existing
  rm -f "$FILE.new"
  existing="$(stat -c %s -- "$FILE" 2>/dev/null)" || existing=0
  if [ -n "$size" ] && [ "$existing" != 0 ] && [ "$existing" != "$size" ]; then
    [ "$(swap_used "$FILE" || echo 0)" = 0 ] ||
      die "--swap-file: the size of $FILE cannot change while it is in use: reboot the host and run this again."
    swap_off "$FILE" || die "cannot turn off $FILE: see the message above."
    rm -f -- "$FILE"
    existing=0
  fi
  if [ -z "$size" ]; then size="$existing"; fi
  if [ "$size" = 0 ]; then return 0; fi
  if [ "$existing" = 0 ]; then file_create "$size"; fi
  if swap_is_on "$FILE"; then return 0; fi
  swapon "$FILE" || die "cannot turn on the swap file $FILE: see the message above; 'scripts/up --swap-file 0' removes it."
  say "WARNING: memory of agents, which includes provider keys, now reaches the disk in the swap file $FILE ($(gib "$size")). scripts/down --purge removes it."
}

file_create() {
  local folder="${FILE%/*}" type
  type="$(stat -f -c %T -- "$folder")"
  case "$type" in
    ext2/ext3 | xfs) ;;
    *) die "cannot create a swap file in $folder: its file system is $type; Chowder creates swap files on ext4 and XFS only, so add swap to the host yourself and set CHOWDER_DISK_SWAP=true." ;;
  esac
  # Memory is freed by writing to the device, and these two need memory for a write.
  if lsblk -nsro NAME,TYPE -- "$(findmnt -no SOURCE --target "$folder")" 2>/dev/null | grep -qE '^zd[0-9]|vdo'; then
    die "cannot create a swap file in $folder: it is on a ZFS volume or on VDO, where swap can hang the host; add swap to the host yourself and set CHOWDER_DISK_SWAP=true."
  fi
  [ "$(($(stat -f -c '%a * %S' -- "$folder")))" -ge "$(($1 + SWAP_FREE_BYTES))" ] ||
    die "--swap-file: needs $(gib "$1") and $(gib "$SWAP_FREE_BYTES") that stay free in $folder; name a smaller size or free space."
  # Only root can read it, and it has its name only when it is complete.
  if ! { install -m 600 /dev/null "$FILE.new" && fallocate -l "$1" "$FILE.new" && mkswap -q -L "$SWAP_LABEL" "$FILE.new" >/dev/null; }; then
    rm -f -- "$FILE.new"
    die "cannot create the swap file $FILE: see the message above."
  fi
  mv -- "$FILE.new" "$FILE"
}

# swap_release ID: removes the installation from the record. The last one removes the zram device and the record.
swap_release() {
  local others
  rm -f "$SWAP_RECORD/users/$1"
  others="$(record_others)"
  if [ -n "$others" ]; then
    if swap_is_on "$FILE"; then
      die "cannot remove $FILE yet: agents of ${others//$'\n'/ and } may have memory in it; purge that installation or reboot the host, and run this again."
    fi
    if zram_number >/dev/null; then say "The zram swap stays, since the installation in ${others//$'\n'/ and } may use it."; fi
  else
    swap_off "$FILE" || die "cannot turn off $FILE: its pages do not fit in memory; stop other programs and run this again."
    zram_remove
    if ! zram_number >/dev/null; then
      if [ -e "$SWAP_RECORD/module" ]; then modprobe -q -r zram || true; fi
      rm -rf "$SWAP_RECORD"
    fi
  fi
  rm -f -- "$FILE" "$FILE.new"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  # shellcheck source=/dev/null
  . "$(dirname "$0")/common.sh"
  swap_main "$@"
fi
