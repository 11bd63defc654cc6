"""Memory and processor time of one agent that does nothing: awake, frozen and paged out."""

import time

from agents import cgroups

# Turns before the measurement. Memory grows with the first ones.
TURNS = 6
# An agent that answered still works for a while, and a stop is followed by work that frees memory.
SETTLE_SECONDS = 10


def measure(bench):
    run(bench, (bench.chowder, bench.plain), ("awake", "frozen"))


def measure_paged(bench):
    run(bench, (bench.chowder,), ("paged",))


def run(bench, systems, states):
    for number in range(1, bench.options.sleepers + 1):
        for system in systems:
            if system:
                bench.unit(f"sleeper/{'-'.join(states)}/{number}/{system.name}", lambda unit, system=system: one(bench, unit, system, states))


def one(bench, unit, system, states):
    agent, _ = system.create()
    try:
        for _ in range(TURNS):
            system.ask(agent)
        for state in states:
            if state == "frozen":
                if not system.freezes:
                    continue
                system.freeze(agent)
            elif state == "paged":
                system.freeze(agent)
                if not system.await_page_out(agent):
                    raise RuntimeError(f"{agent}: its memory did not go to swap")
            bench.results.sample(unit, f"sleeper-{state}", system.name, values=watched(bench, system.container(agent)))
    finally:
        system.remove(agent)


def watched(bench, container):
    """Returns the memory at the end, and the processor time within the watched seconds."""
    time.sleep(SETTLE_SECONDS)
    before = cgroups.usage(container)
    began = time.monotonic()
    time.sleep(bench.options.sleeper_seconds)
    after = cgroups.usage(container)
    return {
        "resident": after["resident"],
        "anonymous": after["anonymous"],
        "swap": after["swap"],
        "cpu_seconds": round(after["cpu"] - before["cpu"], 6),
        "seconds": round(time.monotonic() - began, 3),
        "zram": cgroups.host()["zram"],
    }
