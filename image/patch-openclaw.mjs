// Shortens the first boot of each agent. OpenClaw skips its migrations if a home is new: it contains only openclaw.json, and that file has
// no block that a previous version may have stored elsewhere. The home of a new agent also contains Chowder's folder of secrets, and its
// configuration has the blocks `secrets` and `tools`. Neither is the result of a previous version, so this program makes OpenClaw accept
// them. Later boots are not affected, because the home then has more files. ADR 0056 has the reason and the figures.
//
//   node patch-openclaw.mjs FOLDER     FOLDER contains OpenClaw's package; fails if OpenClaw has changed this check
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// Each text must occur once. "chowder" is the folder of OpenClawHome.PROVIDER_KEY and OpenClawHome.GATEWAY_TOKEN.
const CHANGES = [
  ['\t"secrets",\n', ""],
  ['\t"tools",\n', ""],
  [
    "entries.every((entry) => path.resolve(stateDir, entry.name) === resolvedConfigPath)",
    'entries.every((entry) => path.resolve(stateDir, entry.name) === resolvedConfigPath || entry.name === "chowder")',
  ],
];

const dist = join(process.argv[2], "dist");
const names = readdirSync(dist).filter((name) => /^pristine-startup-state-.*\.mjs$/.test(name));
if (names.length !== 1) fail(`there must be one file pristine-startup-state-*.mjs in ${dist}; got ${names.length}`);
const file = join(dist, names[0]);
let text = readFileSync(file, "utf8");
for (const [before, after] of CHANGES) {
  const parts = text.split(before);
  if (parts.length !== 2) fail(`${file}: must contain ${JSON.stringify(before)} once; got ${parts.length - 1} times`);
  text = parts.join(after);
}
writeFileSync(file, text);

function fail(why) {
  console.error(`patch-openclaw: ${why}. OpenClaw has changed its check of new homes: adapt this program, or remove it with ADR 0056.`);
  process.exit(1);
}
