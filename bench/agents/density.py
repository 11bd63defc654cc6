"""How many agents one host holds: a number asleep beside a number that run. An agent whose gateway ended does not count as asleep."""

from agents import cgroups
from agents.bench import say


def measure(bench):
    if not (bench.chowder and bench.chowder.freezes):
        return
    for asleep, running in bench.options.density:
        bench.unit(f"density/{asleep}-{running}", lambda unit, asleep=asleep, running=running: one(bench, unit, asleep, running))


def one(bench, unit, asleep, running):
    system = bench.chowder
    agents = []
    reached = ""
    try:
        for number in range(asleep + running):
            try:
                agent, _ = system.create()
                agents.append(agent)
                system.ask(agent)
                if number < asleep:
                    system.stop(agent)
            except RuntimeError as e:
                # The host is full: the result is how many it holds.
                reached = f"agent {number + 1}: {e}"
                say(reached)
                break
        for agent in agents[asleep:]:
            system.ask(agent)
        levels = [system.level(agent) for agent in agents[:asleep]]
        memory = cgroups.host()
        # A sleeper must still wake beside all others, one after another.
        woken = wake_some(bench, unit, system, agents[:asleep]) if len(agents) == asleep + running else 0
        bench.results.sample(
            unit, f"density-{asleep}-{running}", system.name,
            values={"frozen": levels.count("frozen"), "paged_out": levels.count("paged_out"), "off": levels.count("off"), "running": len(agents[asleep:]), "woken": woken, **memory, "limit": reached},
        )
    finally:
        for agent in agents:
            system.remove(agent)


def wake_some(bench, unit, system, sleepers):
    """Wakes the sleeper that has slept longest and lets it sleep again, a few times. Returns how many continued instead of booting."""
    woken = 0
    for agent in sleepers[: bench.options.density_wakes]:
        served_by = system.start(agent)
        system.ask(agent)
        system.stop(agent)
        woken += served_by in ("thaw", "page_in")
        say(f"{unit}: served by {served_by}")
    return woken
