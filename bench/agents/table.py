"""The samples of a results file, grouped by row and system."""

from agents import results
from agents.quantiles import percentile


class Table:
    def __init__(self, lines):
        samples = results.counted_samples(lines)
        self.runs = [line for line in lines if line["kind"] == "run"]
        self.times = {}
        self.values = {}
        for sample in samples:
            key = (sample["row"], sample["system"])
            if "seconds" in sample:
                self.times.setdefault(key, []).append(sample["seconds"])
            else:
                self.values.setdefault(key, []).append(sample["values"])
        self.skipped = {(line["row"], line["system"]): line["reason"] for line in lines if line["kind"] == "skipped"}
        finished = {line["unit"] for line in lines if line["kind"] == "done"}
        self.failed = {line["unit"]: line["error"] for line in lines if line["kind"] == "failed" and line["unit"] not in finished}

    def at(self, row, system, percent):
        """Returns a percentile in seconds; None if the row was not measured."""
        values = self.times.get((row, system))
        return percentile(values, percent) if values else None

    def systems(self):
        """Returns the measured systems in the order of `SYSTEMS`."""
        found = {system for _, system in self.times} | {system for _, system in self.values}
        return [system for system in SYSTEMS if system in found] + sorted(found - set(SYSTEMS))


SYSTEMS = ["chowder", "baseline", "baseline, onboarding", "openclaw fleet"]
