# shellcheck shell=bash
# Gives the tests Stripe's own stripe-mock, which takes and checks requests as Stripe does and remembers none; scripts/up runs
# without one. Needs common.sh.

STRIPE_MOCK_VERSION=v0.203.0

# stripe_mock_ensure: prints the path of its server.
stripe_mock_ensure() { go_program_ensure stripe-mock "$STRIPE_MOCK_VERSION" github.com/stripe/stripe-mock; }
