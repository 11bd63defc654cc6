"""`measure OPTION...` measures; `report FILE` writes tables and charts of its results. See scripts/bench."""

import sys

from agents import measure, report


def main():
    commands = {"measure": measure.main, "report": report.main}
    return commands[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
