"""Stores every sample as one JSON line at once, so that an interrupted run can continue.

The lines are of five kinds:
  run      begins a run (also a resumed one) and has the conditions of the machine
  sample   one measured value: `row`, `system`, `seconds`, or `values` if it is not a time; `served_by` as Chowder reported it
  done     ends a unit, the smallest part of the work that is not repeated after an interruption
  failed   ends a unit that failed, with the reason; a resumed run repeats it
  skipped  a row that this version or machine does not have, with the reason

A sample belongs to a unit and a run. If a unit was repeated, only the samples of its last run count."""

import json
import os
import threading
import time


class Results:
    def __init__(self, path, resume):
        self.path = path
        self.lock = threading.Lock()
        lines = []
        if os.path.exists(path):
            if not resume:
                raise FileExistsError(f"cannot write {path}: it exists; add --resume to continue its run, or choose another file with --out")
            lines = read(path)
            end_last_line(path)
        self.finished = {line["unit"] for line in lines if line["kind"] == "done"}
        self.run = 1 + max((line["run"] for line in lines), default=0)
        self.failures = []
        self.file = open(path, "a", encoding="utf-8")

    def begin(self, conditions):
        self.write("run", **conditions)

    def is_finished(self, unit):
        return unit in self.finished

    def sample(self, unit, row, system, seconds=None, **more):
        # Microseconds suffice, and lines stay readable.
        timed = {} if seconds is None else {"seconds": round(seconds, 6)}
        self.write("sample", unit=unit, row=row, system=system, **timed, **{name: value for name, value in more.items() if value is not None})

    def done(self, unit):
        self.finished.add(unit)
        self.write("done", unit=unit)

    def failed(self, unit, error):
        self.failures.append(f"{unit}: {error}")
        self.write("failed", unit=unit, error=str(error))

    def skipped(self, row, system, reason):
        self.write("skipped", row=row, system=system, reason=reason)

    def write(self, kind, **fields):
        line = json.dumps({"kind": kind, "run": self.run, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **fields})
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())


def read(path):
    """Returns the lines of a results file, without a line that a crash left incomplete."""
    lines = []
    with open(path, encoding="utf-8") as file:
        texts = file.read().split("\n")
    for number, text in enumerate(texts, 1):
        line = parse(text)
        if line is None and text and not ends_a_run(texts[number:]):
            raise ValueError(f"{path}, line {number}: must be a JSON object with a kind")
        if line is not None:
            lines.append(line)
    return lines


def parse(text):
    try:
        line = json.loads(text)
        return line if "kind" in line else None
    except (ValueError, TypeError):
        return None


def ends_a_run(following):
    """Only the last line of a run can be incomplete. The line of the next run follows it, or none."""
    following = [text for text in following if text]
    return not following or (parse(following[0]) or {}).get("kind") == "run"


def end_last_line(path):
    """Ends a line that a crash left incomplete, so that the next line begins on its own."""
    with open(path, "rb+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


def counted_samples(lines):
    """Returns the samples, without those of a unit that a later run repeated."""
    last = {}
    for line in lines:
        if line["kind"] == "sample":
            last[line["unit"]] = max(line["run"], last.get(line["unit"], 0))
    return [line for line in lines if line["kind"] == "sample" and line["run"] == last[line["unit"]]]
