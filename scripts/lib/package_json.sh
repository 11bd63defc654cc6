# shellcheck shell=bash
# Reads a pinned version from one of Chowder's package.json files, without jq. Requires one dependency per line.

# dependency_version FILE NAME
dependency_version() {
  local version
  version="$(sed -n "s/^ *\"$2\": \"\([0-9][0-9.]*\)\",\{0,1\}\$/\1/p" "$1")"
  [ -n "$version" ] || die "$1: must have an exact version of $2, such as \"$2\": \"1.2.3\", on a separate line; got none."
  printf '%s\n' "$version"
}
