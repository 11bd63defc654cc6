"""Charts as SVG files: a point for p50 and lines to p95 and p99, on a logarithmic axis. Colours follow the reader's light or dark theme."""

import os

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  # after the choice of the backend

from agents import report, rows  # noqa: E402

# Colours that are replaced by variables of CSS, because matplotlib cannot write them.
INK, PAPER, GRID = "#010203", "#fdfcfb", "#a0a1a2"
THEME = (
    "<style>:root{--ink:#1f2328;--paper:#ffffff;--grid:#d1d9e0}"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--grid:#3d444d}}</style>"
)
# Distinguishable for colour-blind readers (Okabe and Ito), on white and on black. Shapes distinguish them without colour.
STYLES = {
    "chowder": ("#d55e00", "o"),
    "baseline": ("#0092d6", "s"),
    "baseline, onboarding": ("#cc79a7", "D"),
    "openclaw fleet": ("#009e73", "^"),
}
OTHER = ("#808080", "v")
RUNNING = ["create-pool", "create-pool-config", "create-cold", "start-frozen", "start-paged", "start-boot"]


def write(table, folder):
    matplotlib.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "chowder", "font.size": 11, "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GRID, "xtick.color": INK, "ytick.color": INK,
        "figure.facecolor": PAPER, "axes.facecolor": PAPER, "savefig.facecolor": PAPER, "grid.color": GRID,
        "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    })
    ranges(table, "Time until an agent runs", chosen(table, RUNNING, "running"), os.path.join(folder, "agents-running.svg"))
    ranges(table, "Time until the first answer", chosen(table, RUNNING + ["awake"], "answer"), os.path.join(folder, "agents-answer.svg"))
    memory(table, os.path.join(folder, "agents-memory.svg"))


def chosen(table, names, end):
    found = {row for row, _ in table.times if rows.parts(row)[0] in names and rows.parts(row)[2] == end}
    return sorted(found, key=rows.order)


def ranges(table, title, shown, path):
    """Draws a line for each row and system. Draws nothing if there are none."""
    if not shown:
        return
    systems = table.systems()
    lines = [(row, system) for row in shown for system in systems if (row, system) in table.times]
    figure, axes = pyplot.subplots(figsize=(8, 1.3 + 0.2 * len(lines) + 0.12 * len(shown)))
    at, ticks, labelled = 0.0, [], set()
    for row in shown:
        here = [system for system in systems if (row, system) in table.times]
        ticks.append((at + 0.5 * (len(here) - 1), rows.title(row).split(":")[0]))
        for system in here:
            p50, p95, p99 = (table.at(row, system, percent) for percent in (50, 95, 99))
            colour, marker = STYLES.get(system, OTHER)
            axes.plot([p50, p99], [at, at], color=colour, linewidth=1)
            axes.plot([p50, p95], [at, at], color=colour, linewidth=3.5, solid_capstyle="butt")
            axes.plot([p50], [at], marker, color=colour, markersize=7, label=None if system in labelled else system)
            axes.annotate(report.seconds(p50), (p99, at), (8, 0), textcoords="offset points", va="center", fontsize=9)
            labelled.add(system)
            at += 1
        at += 0.6
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 3)))
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: report.seconds(value)))
    low, high = axes.get_xlim()
    # The labels of the longest times need space.
    axes.set_xlim(low, high * 1.6)
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.invert_yaxis()
    finish(figure, axes, f"{title} (point: p50, thick line: p95, thin line: p99)", path)


def memory(table, path):
    """Draws the memory of one agent in each state."""
    states = [("awake", "awake, idle"), ("frozen", "frozen"), ("paged", "paged out")]
    bars = [(f"{title} ({system})", table.values[f"sleeper-{state}", system]) for state, title in states for system in table.systems() if (f"sleeper-{state}", system) in table.values]
    if not bars:
        return
    figure, axes = pyplot.subplots(figsize=(8, 1.4 + 0.35 * len(bars)))
    left = [0.0] * len(bars)
    for field, label, colour in (("resident", "resident", "#0092d6"), ("swap", "in swap, before compression", "#cc79a7")):
        widths = [sum(values[field] for values in found) / len(found) / 2**20 for _, found in bars]
        axes.barh(range(len(bars)), widths, left=left, height=0.6, color=colour, label=label)
        left = [a + b for a, b in zip(left, widths)]
    axes.set_yticks(range(len(bars)), [text for text, _ in bars])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g} MiB"))
    finish(figure, axes, "Memory of one agent", path)


def finish(figure, axes, title, path):
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, -0.5 / figure.get_size_inches()[1]))
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    with open(path, encoding="utf-8") as file:
        drawn = file.read()
    for colour, variable in ((INK, "--ink"), (PAPER, "--paper"), (GRID, "--grid")):
        drawn = drawn.replace(colour, f"var({variable})")
    head, rest = drawn.split("<defs>", 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}{THEME}\n <defs>{rest}")
