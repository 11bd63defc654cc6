// Changes OpenClaw's package where it has no setting: a first boot takes less time, and so do the first message of an agent and the first
// one after a pause. ADR 0056 has the reasons and the figures.
//
//   node patch-openclaw.mjs FOLDER     FOLDER contains OpenClaw's package; fails if OpenClaw has changed one of these texts
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// While the file has a content, the gateway warms up: no request leaves it, and a turn gets a prepared reply. The server writes the file
// before the warm-up turn of a pool member, and empties it afterwards (OpenClawHome.WARMS_UP).
const WARMS_UP = 'process.getBuiltinModule("node:fs").statSync(`${process.env.HOME}/.openclaw/chowder/warms-up`, { throwIfNoEntry: false })?.size > 0';

// `file` names a file in dist, without the hash in its name. Each text of `replace` must occur once in one of the files with this name.
const CHANGES = [
  {
    part: "the check of new homes",
    // OpenClaw skips its migrations if a home contains only openclaw.json, and that file has no block that a previous version may have
    // stored elsewhere. The home of a new agent also contains Chowder's folder of secrets (OpenClawHome.PROVIDER_KEY and GATEWAY_TOKEN),
    // and its configuration has two such blocks. Later boots are not affected, because the home then has more files.
    file: "pristine-startup-state",
    replace: [
      ['\t"secrets",\n', ""],
      ['\t"tools",\n', ""],
      [
        "entries.every((entry) => path.resolve(stateDir, entry.name) === resolvedConfigPath)",
        'entries.every((entry) => path.resolve(stateDir, entry.name) === resolvedConfigPath || entry.name === "chowder")',
      ],
    ],
  },
  {
    part: "the end of idle worker threads",
    // After 30 minutes, not 60 s, where a pool has no time of its own.
    file: "worker-task-pool",
    replace: [["const idleMs = this.options.idleTimeoutMs ?? 6e4;", "const idleMs = this.options.idleTimeoutMs ?? 18e5;"]],
  },
  {
    part: "the close of an agent's idle database",
    // After 5 minutes, not 60 s: long before the save that follows 30 minutes after the opening, since both take one lock. The
    // variable is for tests that need a close.
    file: "openclaw-agent-execution",
    replace: [["const IDLE_EXECUTION_MS = 6e4;", "const IDLE_EXECUTION_MS = Number(process.env.CHOWDER_DATABASE_IDLE_MS) || 3e5;"]],
  },
  {
    part: "the requests of a gateway that warms up",
    file: "fetch-guard",
    replace: [
      [
        "async function fetchWithSsrFGuardInternal(params) {\n",
        `async function fetchWithSsrFGuardInternal(params) {
\tif (${WARMS_UP}) return {
\t\tresponse: new Response('{"error":{"message":"no request leaves a gateway that warms up"}}', { status: 400, headers: { "content-type": "application/json" } }),
\t\tfinalUrl: params.url,
\t\trelease: async () => {}
\t};
`,
      ],
    ],
  },
  {
    part: "the model's reply to a gateway that warms up",
    // The provider's code runs first, since a first turn waits for it, too. Its request gets the response above.
    file: "builtin-openclaw",
    replace: [
      [
        "session.agent.streamFn = streamFn;",
        `session.agent.streamFn = !(${WARMS_UP}) ? streamFn : async (model, context, options) => {
\t\ttry {
\t\t\tfor await (const _ of await streamFn(model, context, options));
\t\t} catch {}
\t\tconst stream = (0, event_stream_exports.createAssistantMessageEventStream)();
\t\tconst message = { role: "assistant", content: [{ type: "text", text: "Ready." }], api: model.api, provider: model.provider, model: model.id, usage: makeZeroUsageSnapshot(), stopReason: "stop", timestamp: Date.now() };
\t\tqueueMicrotask(() => {
\t\t\tstream.push({ type: "start", partial: message });
\t\t\tstream.push({ type: "done", reason: "stop", message });
\t\t\tstream.end();
\t\t});
\t\treturn stream;
\t};`,
      ],
    ],
  },
];

const dist = join(process.argv[2], "dist");
const names = readdirSync(dist);
for (const change of CHANGES) {
  const hashed = new RegExp(`^${change.file}-[\\w-]{8}\\.mjs$`);
  const files = names.filter((name) => hashed.test(name)).map((name) => join(dist, name));
  const found = files.filter((file) => change.replace.every(([before]) => readFileSync(file, "utf8").split(before).length === 2));
  if (found.length !== 1) {
    fail(change, `${dist}: one file ${change.file}-HASH.mjs must contain each of ${JSON.stringify(change.replace.map(([before]) => before))} once; got ${found.length} of ${files.length}`);
  }
  const text = change.replace.reduce((changed, [before, after]) => changed.split(before).join(after), readFileSync(found[0], "utf8"));
  writeFileSync(found[0], text);
}

function fail(change, why) {
  console.error(`patch-openclaw: ${why}. OpenClaw changed ${change.part}: adapt this program, or remove the change, also from ADR 0056.`);
  process.exit(1);
}
