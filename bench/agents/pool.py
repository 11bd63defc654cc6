"""Creates that claim a pool member: with and without a configuration, and of members that idled for longer. Between two samples, the
next member boots."""

from agents.bench import idle
from agents.sleeps import LONG_SECONDS

# How long a member idles before it is claimed, in the rows that do not name it.
IDLE_SECONDS = 5
CONFIG = {"agents": {"defaults": {"maxConcurrent": 3}}}


def measure(bench):
    system = bench.chowder
    if not (system and system.pools):
        return
    longer = [seconds for seconds in bench.options.idle if IDLE_SECONDS < seconds < LONG_SECONDS]
    for number in range(1, bench.options.n + 1):
        unit(bench, f"pool/{number}", "pool", IDLE_SECONDS)
        unit(bench, f"pool-config/{number}", "pool-config", IDLE_SECONDS, CONFIG)
        for seconds in longer:
            unit(bench, f"pool-{seconds}/{number}", f"pool-{seconds}", seconds)


def unit(bench, name, state, seconds, config=None):
    bench.unit(name, lambda unit: one(bench, unit, state, seconds, config))


def one(bench, unit, state, seconds, config):
    system = bench.chowder
    system.await_member()
    idle(seconds)
    system.remove(bench.claimed(unit, state, config))
