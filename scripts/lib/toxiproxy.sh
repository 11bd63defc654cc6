# shellcheck shell=bash
# Gives the tests a toxiproxy, which cuts and slows connections; scripts/up runs without one. Needs common.sh.

TOXIPROXY_VERSION=v2.12.0

# toxiproxy_ensure: prints the path of its server; builds it where Go is there.
toxiproxy_ensure() {
  local folder="$CHOWDER_CACHE/bin/toxiproxy-$TOXIPROXY_VERSION"
  if [ ! -x "$folder/server" ]; then
    have go || die "toxiproxy is missing and Go was not found: install Go, toxiproxy is built from its Go module."
    say "Building toxiproxy $TOXIPROXY_VERSION ..."
    mkdir -p "$folder"
    GOBIN="$folder" timeout 600 go install "github.com/Shopify/toxiproxy/v2/cmd/server@$TOXIPROXY_VERSION" >&2 ||
      die "toxiproxy could not be built (see above)."
  fi
  printf '%s\n' "$folder/server"
}
