# shellcheck shell=bash
# Builds and runs a virtual machine of Debian packages. QEMU emulates its processor, since hardware virtualization does not work
# everywhere. Does not know what runs in it. Needs common.sh, and root to build it.

MACHINE_FOLDER="${MACHINE_FOLDER:-$CHOWDER_CACHE/machine}"
MACHINE_MIRROR="${CHOWDER_DEBIAN_MIRROR:-http://deb.debian.org/debian}"
MACHINE_RELEASE=bookworm
MACHINE_PACKAGES=systemd,systemd-sysv,dbus,udev,kmod,util-linux,mount,procps,iproute2,iptables,ca-certificates,curl,docker.io,python3-minimal,linux-image-cloud-amd64,initramfs-tools,zstd
MACHINE_MIB=1536
# Time limits in seconds: of the build, and of one run.
MACHINE_BUILD_SECONDS="${CHOWDER_MACHINE_BUILD_SECONDS:-1800}"
MACHINE_SECONDS="${CHOWDER_MACHINE_SECONDS:-1200}"

# machine_ensure: builds the machine's disk once for each version of this file.
machine_ensure() {
  local key
  key="$(content_key "$ROOT/scripts/lib/machine.sh")"
  if ! have qemu-system-x86_64 || ! have debootstrap; then
    say "Installing QEMU (Debian packages qemu-system-x86 and debootstrap) ..."
    apt_install qemu-system-x86 debootstrap || die "cannot install QEMU: install the Debian packages qemu-system-x86 and debootstrap and run this again."
  fi
  PATH="$PATH:/usr/sbin:/sbin"
  if [ "$(cat "$MACHINE_FOLDER/key" 2>/dev/null)" = "$key" ]; then return 0; fi
  can_be_root || die "cannot build the virtual machine: that needs root; run this as root."
  say "Building a virtual machine from Debian packages ..."
  as_root rm -rf "$MACHINE_FOLDER"
  mkdir -p "$MACHINE_FOLDER"
  machine_root "$MACHINE_FOLDER/root" >"$MACHINE_FOLDER/log" 2>&1 ||
    die "cannot build the virtual machine: $(tail -n 1 "$MACHINE_FOLDER/log"); see $MACHINE_FOLDER/log."
  as_root sh -c 'cp "$1"/root/boot/vmlinuz-* "$1/kernel" && cp "$1"/root/boot/initrd.img-* "$1/initrd"' sh "$MACHINE_FOLDER"
  machine_disk "$MACHINE_FOLDER/root" "$MACHINE_FOLDER/disk" 12G
  as_root rm -rf "$MACHINE_FOLDER/root"
  printf '%s\n' "$key" >"$MACHINE_FOLDER/key"
}

machine_root() {
  local unit
  as_root timeout "$MACHINE_BUILD_SECONDS" debootstrap --variant=minbase "--include=$MACHINE_PACKAGES" "$MACHINE_RELEASE" "$1" "$MACHINE_MIRROR" || return 1
  # Checks start the engine themselves. Timers and terminals only cost time.
  for unit in docker.service docker.socket containerd.service; do as_root systemctl "--root=$1" disable "$unit" || return 1; done
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service serial-getty@ttyS0.service; do
    as_root ln -sf /dev/null "$1/etc/systemd/system/$unit" || return 1
  done
  as_root tee "$1/etc/systemd/system/check.service" >/dev/null <<'UNIT' || return 1
[Unit]
Description=Runs the program on the second disk, and then turns the machine off
After=basic.target local-fs.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir -p /check && mount -o ro /dev/vdb /check && exec bash /check/run'
# Not if the program reboots the machine.
ExecStopPost=/bin/sh -c '[ "$(systemctl is-system-running)" = stopping ] || systemctl poweroff --no-block'
StandardOutput=file:/dev/ttyS0
StandardError=inherit

[Install]
WantedBy=multi-user.target
UNIT
  as_root systemctl "--root=$1" enable check.service && as_root rm -rf "$1/var/cache/apt/archives"
}

# machine_disk FOLDER FILE SIZE: writes the files of a folder to an ext4 disk.
machine_disk() {
  rm -f "$2"
  truncate -s "$3" "$2"
  as_root env PATH="$PATH" mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -d "$1" "$2"
}

# machine_run FOLDER OUTPUT [OPTION...]: boots the machine, runs FOLDER/run in it as root, and returns when the machine is off. Writes what it
# prints to OUTPUT. The machine has no network. Its changes to its disk are lost at the end. QEMU's options -action reboot=reset permit a
# reboot, which keeps the changes and runs FOLDER/run again.
machine_run() {
  machine_disk "$1" "$1.disk" 4G
  : >"$2"
  # A busy host delays the emulated timer, which the kernel would otherwise take for a defect. A panic ends the run.
  timeout "$MACHINE_SECONDS" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$MACHINE_MIB" -nodefaults -display none -no-reboot \
    -serial "file:$2" -kernel "$MACHINE_FOLDER/kernel" -initrd "$MACHINE_FOLDER/initrd" \
    -append "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=no mitigations=off apparmor=0 no_timer_check panic=1" \
    -drive "file=$MACHINE_FOLDER/disk,if=virtio,format=raw,snapshot=on" -drive "file=$1.disk,if=virtio,format=raw,readonly=on" "${@:3}"
}

# machine_check FOLDER [OPTION...]: like machine_run, and prints what the program reports in lines that begin with "check: ". Fails unless it
# ends with "check: all passed".
machine_check() {
  machine_run "$1" "$1.output" "${@:2}" || true
  # The firmware clears the screen of its terminal first.
  tr -d '\r\033' <"$1.output" | sed -n 's/^check: //p'
  if ! tr -d '\r' <"$1.output" | grep -qx 'check: all passed'; then
    tail -n 40 "$1.output" >&2
    die "a check failed, or the machine did not end within $MACHINE_SECONDS s: see the output above."
  fi
}
