# shellcheck shell=bash
# Provides Stripe's stripe-mock for tests. It checks requests as Stripe does, and stores none. scripts/up does not need it. Needs
# common.sh.

STRIPE_MOCK_VERSION=v0.203.0

# stripe_mock_ensure: prints the path of its server.
stripe_mock_ensure() { go_program_ensure stripe-mock "$STRIPE_MOCK_VERSION" github.com/stripe/stripe-mock; }
