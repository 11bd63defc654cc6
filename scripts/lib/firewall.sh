# shellcheck shell=bash
# Takes this installation's firewall chains away; the server puts them in place. It knows nothing of what they allow.
# Needs common.sh and CHOWDER_CLUSTER_ID.

# firewall_remove: nothing there is as good as removed.
firewall_remove() {
  local chain command rule
  chain="CHOWDER-$(printf %s "$CHOWDER_CLUSTER_ID" | sha256sum | cut -c1-8)"
  can_be_root || return 0
  for command in iptables ip6tables iptables-nft ip6tables-nft; do
    PATH="$PATH:/usr/sbin:/sbin" have "$command" || continue
    firewall_rules "$command" | grep -E -- " -j $chain(-IN)?\$" | sed 's/^-A/-D/' | while read -r rule; do
      # shellcheck disable=SC2086  # the rule's words
      as_root env PATH="$PATH:/usr/sbin:/sbin" "$command" -w 5 $rule
    done || true
    for rule in "$chain" "$chain-IN"; do
      as_root env PATH="$PATH:/usr/sbin:/sbin" "$command" -w 5 -F "$rule" 2>/dev/null &&
        as_root env PATH="$PATH:/usr/sbin:/sbin" "$command" -w 5 -X "$rule"
    done || true
  done
}

firewall_rules() { as_root env PATH="$PATH:/usr/sbin:/sbin" "$1" -w 5 -S 2>/dev/null; }
