# shellcheck shell=bash
# Provides grpcurl for the tests and for the examples in the documents. scripts/up does not need it. Needs common.sh.

GRPCURL_VERSION=v1.9.3

# grpcurl_ensure: prints the path of the grpcurl on the PATH, or builds one.
grpcurl_ensure() {
  command -v grpcurl || go_program_ensure grpcurl "$GRPCURL_VERSION" github.com/fullstorydev/grpcurl/cmd/grpcurl
}
