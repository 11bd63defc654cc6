"""Writes tables and charts of a results file."""

import argparse
import os

from agents import results, rows
from agents.table import Table
from agents.targets import verdicts

# What a reader compares all systems with.
BASE = "baseline"


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/bench report", description="Prints the tables of a results file as Markdown.")
    parser.add_argument("file", help="file of results, written by scripts/bench agents")
    parser.add_argument("--charts", metavar="FOLDER", help="also write charts as SVG files to this folder")
    options = parser.parse_args(words)
    table = Table(results.read(options.file))
    print(markdown(table))
    if options.charts:
        # Needs matplotlib, which the tables do not.
        from agents import charts  # pylint: disable=import-outside-toplevel

        os.makedirs(options.charts, exist_ok=True)
        charts.write(table, options.charts)
    return 0


def markdown(table):
    sections = [conditions(table), times(table), sleepers(table), densities(table), targets(table), missing(table)]
    return "\n\n".join(section for section in sections if section)


def conditions(table):
    """Names the machine of each run. A resumed run may have been on another one."""
    lines = []
    for run in table.runs:
        line = (f"{run['processor']}, {run['cores']} cores, {run['memory_gib']} GiB; Docker {run['docker']}, cgroup v{run['cgroup']}, "
                f"Linux {run['kernel']}; {run['image']}; {run['date']}")
        if line not in lines:
            lines.append(line)
    return "\n".join(lines)


def times(table):
    lines = ["| operation | system | n | p50 | p95 | p99 | p50 / baseline |", "|---|---|---|---|---|---|---|"]
    systems = table.systems()
    for row, system in sorted(table.times, key=lambda key: (rows.order(key[0]), systems.index(key[1]))):
        values = [table.at(row, system, percent) for percent in (50, 95, 99)]
        base = table.at(row, BASE, 50)
        ratio = "" if base is None or system == BASE else f"{values[0] / base:.2f}"
        lines.append(f"| {rows.title(row)} | {system} | {len(table.times[row, system])} | {' | '.join(map(seconds, values))} | {ratio} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def seconds(value):
    """Returns milliseconds below a second. Three digits are more than these measurements repeat."""
    return f"{value * 1000:.3g} ms" if value < 0.9995 else f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def sleepers(table):
    lines = ["| one agent | system | n | resident | in swap | processor time |", "|---|---|---|---|---|---|"]
    for state, title in (("awake", "awake, idle"), ("frozen", "frozen"), ("paged", "paged out")):
        for system in table.systems():
            found = table.values.get((f"sleeper-{state}", system))
            if found:
                resident, swap = (mebibytes(mean(found, field)) for field in ("resident", "swap"))
                lines.append(f"| {title} | {system} | {len(found)} | {resident} | {swap} | {mean(found, 'cpu_seconds') * 1000:.0f} ms in {mean(found, 'seconds'):.0f} s |")
    return "\n".join(lines) if len(lines) > 2 else ""


def densities(table):
    lines = ["| wanted asleep + running | frozen | paged out | ended | running | woken | memory available | swap used | zram's memory | limit |", "|---|---|---|---|---|---|---|---|---|---|"]
    for row, system in sorted(table.values):
        if row.startswith("density-"):
            last = table.values[row, system][-1]
            wanted = " + ".join(row.split("-")[1:])
            memory = " | ".join(mebibytes(last[field]) for field in ("available", "swap_used", "zram"))
            lines.append(f"| {wanted} | {last['frozen']} | {last['paged_out']} | {last['off']} | {last['running']} | {last['woken']} | {memory} | {last['limit']} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def targets(table):
    lines = ["| figure | target | measured | reached |", "|---|---|---|---|"]
    for verdict in verdicts(table):
        reached = {True: "yes", False: "NO", None: "not measured"}[verdict.reached]
        lines.append(f"| {verdict.figure} | {verdict.target} | {verdict.measured} | {reached} |")
    return "\n".join(lines)


def missing(table):
    lines = [f"- Not measured: {row} of {system}, because {reason}." for (row, system), reason in sorted(table.skipped.items()) if not measured(table, row, system)]
    lines += [f"- Failed: {unit}: {error}" for unit, error in sorted(table.failed.items())]
    return "\n".join(lines)


def measured(table, prefix, system):
    """A later run of the same file may have measured what an earlier one could not."""
    return any(row.startswith(prefix) and of == system for row, of in table.times)


def mean(found, field):
    return sum(values[field] for values in found) / len(found)


def mebibytes(value):
    return f"{value / 2**20:.0f} MiB"
