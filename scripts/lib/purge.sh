# shellcheck shell=bash
# Removes everything that an installation created in Docker, in the firewall and on the disk, but nothing of another installation on
# the same machine. Needs common.sh, settings.sh and docker.sh.

# purge_sandboxes: finds them by label, so that it also works if the server's database is lost.
purge_sandboxes() {
  local label="label=dev.chowder.cluster=$CHOWDER_CLUSTER_ID"
  docker ps -aq --filter "$label" | xargs -r docker rm -f -v >/dev/null
  docker volume ls -q --filter "$label" | xargs -r docker volume rm -f >/dev/null
  docker network ls -q --filter "$label" | xargs -r docker network rm >/dev/null
}

# purge_firewall: removes all rules that jump to the installation's chains, then the chains.
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

# purge_images: removes the sandbox images by name and without force, so that Docker keeps an image that a container of another
# installation uses.
purge_images() {
  docker image ls --format '{{.Repository}}:{{.Tag}}' chowder/sandbox-medium | xargs -r docker image rm >/dev/null 2>&1 || true
}

# purge_folder FOLDER MARK: removes a folder only if it contains the file that scripts/up creates first.
purge_folder() {
  [ -d "$1" ] || return 0
  [ -e "$1/$2" ] || die "cannot remove $1: it has no file $2, so scripts/up did not create it; remove the folder yourself."
  rm -rf "${1:?}"
}
