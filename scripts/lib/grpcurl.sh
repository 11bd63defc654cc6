# shellcheck shell=bash
# Gives the tests and the documents' examples a grpcurl; scripts/up runs without one. Needs common.sh.

GRPCURL_VERSION=v1.9.3

# grpcurl_ensure: prints the path of the one on the PATH, else of one that is built.
grpcurl_ensure() {
  command -v grpcurl || go_program_ensure grpcurl "$GRPCURL_VERSION" github.com/fullstorydev/grpcurl/cmd/grpcurl
}
