"""Adds the RPC ReloadInstance to the tree that is the argument, as RestartInstance under another name. Prints each edited file once.

Each edit copies the part of a file that concerns RestartInstance. An edit that finds no such part fails.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
JAVA = "src/{}/java/dev/chowder/{}"
INSTANCE = "actors/" + JAVA.format("main", "instance/")
INSTANCE_TESTS = "actors/" + JAVA.format("test", "instance/")
SERVER = "server/" + JAVA.format("main", "server/instance/")
PROTO = "proto/src/main/proto/chowder/v1/instance_service.proto"

# A file, and the parts to copy as regular expressions.
EDITS = [
    (PROTO, [r"  // Restarts the gateway of a running instance(?:(?!\n  }\n).)*\n  }\n\n", r"// The instance to restart\.\n.*?\n}\n\n"]),
    (INSTANCE + "InstanceCommand.java", [r"  record Restart\([^\n]*\n\n"]),
    (INSTANCE + "InstanceLifecycle.java", [r"      case InstanceCommand\.Restart\(.*?\n          };\n"]),
    (
        SERVER + "InstanceGrpcService.java",
        [r"import [^\n]*\.RestartInstanceRequest;\n", r"  @Override\n  public void restartInstance\(.*?\n  }\n\n"],
    ),
    (INSTANCE_TESTS + "InstanceWireTest.java", [r" *new InstanceCommand\.Restart\([^\n]*,\n"]),
    (INSTANCE_TESTS + "LifecycleExploration.java", [r' *verbs\.put\("Restart", [^\n]*;\n']),
    ("docs/api/instances.md", [r"curl [^\n]*/restart\?[^\n]*\n", r"grpcurl [^\n]*InstanceService/RestartInstance[^\n]*\n"]),
]


def renamed(part):
    """Returns the part for the other name; the event and the state stay those of a restart."""
    part = re.sub(r"([rR])estartInstance", r"\1eloadInstance", part)
    part = part.replace("InstanceCommand.Restart(", "InstanceCommand.Reload(").replace("record Restart(", "record Reload(")
    return part.replace("/restart", "/reload").replace('put("Restart"', 'put("Reload"')


for name, parts in EDITS:
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    for part in parts:
        found = re.search(part, text, re.DOTALL)
        if not found:
            sys.exit(f"{name}: must have a part like {part}")
        text = text[: found.end()] + renamed(found.group()) + text[found.end() :]
    path.write_text(text, encoding="utf-8")
    print(name)
