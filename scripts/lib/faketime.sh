# shellcheck shell=bash
# Finds or installs libfaketime, with which a test sets the wall clock of a process. Needs common.sh.

# faketime_ensure: prints the path of its library for multi-threaded programs.
faketime_ensure() {
  faketime_find && return 0
  say "Installing libfaketime (Debian package faketime) ..."
  if ! apt_install faketime || ! faketime_find; then
    die "cannot install libfaketime: install the package faketime and run this again."
  fi
}

faketime_find() {
  local found
  found="$(find /usr/lib /usr/lib64 /usr/local/lib -name 'libfaketimeMT.so.1' -print -quit 2>/dev/null || true)"
  [ -n "$found" ] && printf '%s\n' "$found"
}
