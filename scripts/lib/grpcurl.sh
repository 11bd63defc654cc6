# shellcheck shell=bash
# Gives the tests and the documents' examples a grpcurl; scripts/up runs without one. Needs common.sh.

GRPCURL_VERSION=v1.9.3

# grpcurl_find: prints the path of one that is there already; fails otherwise.
grpcurl_find() {
  command -v grpcurl || { [ -x "$CHOWDER_CACHE/bin/grpcurl" ] && printf '%s\n' "$CHOWDER_CACHE/bin/grpcurl"; }
}

# grpcurl_ensure: prints its path; builds it where Go is there.
grpcurl_ensure() {
  grpcurl_find && return 0
  have go || die "grpcurl is missing: install it, or install Go so that this script can build it."
  say "Building grpcurl $GRPCURL_VERSION ..."
  GOBIN="$CHOWDER_CACHE/bin" timeout 600 go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$GRPCURL_VERSION" >&2
  grpcurl_find
}
