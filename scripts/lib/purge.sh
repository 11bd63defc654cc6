# shellcheck shell=bash
# Removes what an installation made, in Docker, in the firewall and on the disk, and nothing of another installation on
# the same machine. Needs common.sh, settings.sh and docker.sh.

# purge_sandboxes: by label, so that it also works when the server's own knowledge is lost.
purge_sandboxes() {
  local label="label=dev.chowder.cluster=$CHOWDER_CLUSTER_ID"
  docker ps -aq --filter "$label" | xargs -r docker rm -f -v >/dev/null
  docker volume ls -q --filter "$label" | xargs -r docker volume rm -f >/dev/null
  docker network ls -q --filter "$label" | xargs -r docker network rm >/dev/null
}

# purge_firewall: every rule that leads to our chains, then the chains.
purge_firewall() {
  local table chain firewall_command
  have iptables || [ -x /usr/sbin/iptables ] || return 0
  for firewall_command in iptables ip6tables; do
    for table in filter nat; do
      while IFS= read -r chain; do
        purge_chain "$table" "$chain"
      done < <(firewall -t "$table" -S 2>/dev/null | sed -n "s/^-N \(CHOWDER[^ ]*${CHOWDER_CLUSTER_ID}[^ ]*\)\$/\1/p")
    done
  done
}

purge_chain() {
  local rule
  firewall -t "$1" -F "$2"
  while IFS= read -r rule; do
    local words
    read -ra words <<<"$rule"
    firewall -t "$1" -D "${words[@]}"
  done < <(firewall -t "$1" -S 2>/dev/null | grep -- "-j $2\$" | sed 's/^-A //')
  firewall -t "$1" -X "$2"
}

firewall() { as_root env PATH="$PATH:/usr/sbin:/sbin" "$firewall_command" -w "$@"; }

# purge_images: the sandbox images. By name and without force, so that Docker refuses one that another installation's
# container, running or not, is made from.
purge_images() {
  docker image ls --format '{{.Repository}}:{{.Tag}}' chowder/sandbox-medium | xargs -r docker image rm >/dev/null 2>&1 || true
}

# purge_folder FOLDER MARK: only a folder that holds what we put there first.
purge_folder() {
  [ -d "$1" ] || return 0
  [ -e "$1/$2" ] || die "$1 has no $2 and is left alone (expected: a folder that scripts/up made)."
  rm -rf "${1:?}"
}
