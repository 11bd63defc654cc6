"""Runs the chosen parts of the measurement."""

import os
import signal
import sys
import time

from agents import bursts, calls, cgroups, density, lifecycle, options, pool, report, sleeper, sleeps
from agents.bare import Onboarded, Prepared
from agents.bench import Bench, say
from agents.chowder import Chowder
from agents.fleet import Fleet
from agents.results import Results, read
from agents.table import Table
from agents.tools import docker

PROBES = 3
PROBE_PAUSE_SECONDS = 10
SYSTEMS = {"chowder": Chowder, "baseline": Prepared, "onboarding": Onboarded, "fleet": Fleet}


def measure_paged(bench):
    if bench.chowder and bench.chowder.pages:
        sleeps.measure_paged(bench)
        sleeper.measure_paged(bench)


# Chowder pages frozen agents out by itself, after a time that is a setting of the installation. So an installation has either frozen
# agents or paged-out ones, and scripts/bench runs this program once for each. Pool members would take the memory and processor time of
# all other parts, so they have a third run.
PHASES = {
    "frozen": {"lifecycle": lifecycle.measure, "sleeps": sleeps.measure, "bursts": bursts.measure, "sleeper": sleeper.measure, "calls": calls.measure},
    "paged": {"paged": measure_paged, "density": density.measure},
    "pool": {"pool": pool.measure},
}
FIRST_PHASE, LAST_PHASE = list(PHASES)[0], list(PHASES)[-1]


def main(words):
    chosen = options.parse(words)
    results = Results(chosen.resume or chosen.out, chosen.resume is not None or chosen.phase != FIRST_PHASE)
    parts = {name: part for name, part in PHASES[chosen.phase].items() if name in chosen.only}
    if parts:
        measure(chosen, results, parts)
    if chosen.phase == LAST_PHASE:
        print(report.markdown(Table(read(results.path))))
    return 1 if results.failures else 0


def measure(chosen, results, parts):
    # The cleanup of scripts/bench and of each unit also follows a SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs(chosen.scratch, mode=0o700, exist_ok=True)
    if chosen.memory_mib is None:
        chosen.memory_bytes = cgroups.host()["available"] * sleeps.MEMORY_SHARE
    else:
        chosen.memory_bytes = chosen.memory_mib * 2**20
    results.begin(conditions(chosen))
    systems = [SYSTEMS[name](chosen) for name in chosen.systems]
    for system in systems:
        # Agents of an interrupted run, and the one that scripts/up created, would disturb the measurement.
        system.remove_all()
    bench = Bench(chosen, systems, results)
    probe(bench)
    for name, part in parts.items():
        run(bench, name, part)


def run(bench, name, part):
    """Measures a part. If it cannot continue, the next part still runs, because a measurement takes hours."""
    bench.failures_in_a_row = 0
    try:
        part(bench)
    except Exception as e:  # pylint: disable=broad-exception-caught  # any failure of one part
        bench.results.failed(name, f"{type(e).__name__}: {e}")
        say(f"{name} FAILED: {e}")
    else:
        # A report of a resumed run no longer shows an earlier failure of the part.
        bench.results.done(name)


def probe(bench):
    """Finds out what this version of Chowder does on this host, and records which rows it cannot have."""
    if not bench.chowder:
        return
    if bench.options.phase == "pool":
        if not bench.chowder.probe_pool():
            bench.results.skipped("create-pool", "chowder", "no pool member booted after a create")
        return
    paged = bench.options.phase == "paged"
    served_by = probed(bench.chowder, paged)
    say(f"a start after a stop is served by `{served_by}`")
    able = {"start-paged": bench.chowder.pages, "density": bench.chowder.freezes} if paged else {"start-frozen": bench.chowder.freezes}
    for row, possible in able.items():
        if not possible:
            bench.results.skipped(row, "chowder", f"a start after a stop is served by `{served_by}`")


def probed(chowder, paged):
    """Repeats a probe that failed, because all parts need it."""
    for _ in range(PROBES - 1):
        try:
            return chowder.probe(paged)
        except RuntimeError as e:
            say(f"the probe failed: {e}")
            time.sleep(PROBE_PAUSE_SECONDS)
    return chowder.probe(paged)


def conditions(chosen):
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "docker": docker("version", "--format", "{{.Server.Version}}"),
        "kernel": os.uname().release,
        "cgroup": docker("info", "--format", "{{.CgroupVersion}}"),
        "image": chosen.image,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "options": {name: getattr(chosen, name) for name in ("phase", "only", "systems", "n", "n_long", "idle", "burst", "bursts", "density", "memory_bytes")},
    }


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "processor unknown")
