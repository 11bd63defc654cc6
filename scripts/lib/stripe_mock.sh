# shellcheck shell=bash
# Gives the tests Stripe's own stripe-mock, which takes and checks requests as Stripe does and remembers none; scripts/up runs
# without one. Needs common.sh.

STRIPE_MOCK_VERSION=v0.203.0

# stripe_mock_ensure: prints the path of its server; builds it where Go is there.
stripe_mock_ensure() {
  local folder="$CHOWDER_CACHE/bin/stripe-mock-$STRIPE_MOCK_VERSION"
  if [ ! -x "$folder/stripe-mock" ]; then
    have go || die "stripe-mock is missing and Go was not found: install Go, stripe-mock is built from its Go module."
    say "Building stripe-mock $STRIPE_MOCK_VERSION ..."
    mkdir -p "$folder"
    GOBIN="$folder" timeout 600 go install "github.com/stripe/stripe-mock@$STRIPE_MOCK_VERSION" >&2 ||
      die "stripe-mock could not be built (see above)."
  fi
  printf '%s\n' "$folder/stripe-mock"
}
