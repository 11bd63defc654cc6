# shellcheck shell=bash
# Provides toxiproxy for tests. It cuts and slows connections. scripts/up does not need it. Needs common.sh.

TOXIPROXY_VERSION=v2.12.0

# toxiproxy_ensure: prints the path of its server.
toxiproxy_ensure() { go_program_ensure toxiproxy "$TOXIPROXY_VERSION" github.com/Shopify/toxiproxy/v2/cmd/server; }
