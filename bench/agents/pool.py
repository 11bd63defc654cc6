"""Creates that claim a pool member: with and without a configuration, and of members that idled for longer. Between two samples, the
next member boots. An agent that was claimed without a configuration answers once more after idling, for comparison."""

from agents.bench import idle
from agents.lifecycle import SETTLING_TURNS
from agents.sleeps import LONG_SECONDS
from agents.targets import POOL_IDLE_SECONDS

CONFIG = {"agents": {"defaults": {"maxConcurrent": 3}}}


def measure(bench):
    system = bench.chowder
    if not (system and system.pools):
        return
    longer = [seconds for seconds in bench.options.idle if POOL_IDLE_SECONDS < seconds < LONG_SECONDS]
    for number in range(1, bench.options.n + 1):
        unit(bench, f"pool/{number}", "pool", POOL_IDLE_SECONDS)
        unit(bench, f"pool-config/{number}", "pool-config", POOL_IDLE_SECONDS, CONFIG)
        for seconds in longer:
            unit(bench, f"pool-{seconds}/{number}", f"pool-{seconds}", seconds)


def unit(bench, name, state, seconds, config=None):
    bench.unit(name, lambda unit: one(bench, unit, state, seconds, config))


def one(bench, unit, state, seconds, config):
    system = bench.chowder
    system.await_member()
    idle(seconds)
    agent = bench.claimed(unit, state, config)
    try:
        if state == "pool":
            # All of this takes less than `chowder.pool.boot-delay` (10 s), so the next member does not boot meanwhile.
            for _ in range(SETTLING_TURNS):
                system.ask(agent)
            idle(seconds)
            bench.answered_after_idling(unit, system, agent, seconds, seconds, "pool-awake")
    finally:
        system.remove(agent)
