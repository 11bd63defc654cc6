// Changes OpenClaw's package where it has no setting: a first boot takes less time, and so do the first message of an agent and the first
// one after a pause. ADR 0056 has the reasons and the figures.
//
//   node patch-openclaw.mjs FOLDER     FOLDER contains OpenClaw's package; fails if OpenClaw has changed one of these texts
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// While the file has a content, the gateway warms up: no request leaves it, and a turn gets a prepared reply. The server writes the file
// before the warm-up turn of a pool member, and empties it afterwards (OpenClawHome.WARMS_UP).
const WARMS_UP = 'process.getBuiltinModule("node:fs").statSync(`${process.env.HOME}/.openclaw/chowder/warms-up`, { throwIfNoEntry: false })?.size > 0';

// Returns a model's reply as the stream of events that a provider sends for this path; undefined for a path of another kind. Part of the
// changed code.
function replyStream(path) {
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0, prompt_tokens: 0, completion_tokens: 0 };
  const text = "Ready.";
  const part = { type: "output_text", text, annotations: [] };
  const item = { type: "message", id: "warm-up", role: "assistant", status: "completed", content: [part] };
  const at = { item_id: "warm-up", output_index: 0, content_index: 0 };
  const replies = {
    "/chat/completions": [
      { choices: [{ index: 0, delta: { role: "assistant", content: text }, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage },
    ].map((chunk) => ({ id: "warm-up", object: "chat.completion.chunk", created: 0, model: "warm-up", ...chunk })),
    "/responses": [
      { type: "response.created", response: { id: "warm-up", status: "in_progress" } },
      { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
      { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
      { type: "response.output_text.delta", ...at, delta: text },
      { type: "response.output_text.done", ...at, text },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id: "warm-up", status: "completed", output: [item], usage } },
    ],
    "/messages": [
      { type: "message_start", message: { id: "warm-up", type: "message", role: "assistant", model: "warm-up", content: [], stop_reason: null, usage } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage },
      { type: "message_stop" },
    ],
    ":streamGenerateContent": [{ responseId: "warm-up", candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }], usageMetadata: {} }],
  };
  const end = Object.keys(replies).find((suffix) => path.endsWith(suffix));
  const named = (event) => (event.type ? `event: ${event.type}\n` : "");
  const last = end === "/chat/completions" ? "data: [DONE]\n\n" : "";
  return replies[end] && replies[end].map((event) => `${named(event)}data: ${JSON.stringify(event)}\n\n`).join("") + last;
}

// `file` names a file of the package, or one in dist without the hash in its name. Each text of `replace` must occur once in one of the
// files with this name.
const CHANGES = [
  {
    part: "its first module",
    // V8 collects garbage in a thread that has been idle for 8 s. After a freeze this is due in all worker threads at once, and delays the
    // start by more than half a second. Without that, the space for new objects of an idle thread stays as large as it was at its peak, so
    // its two halves may have at most 2 MiB each. The flags apply to threads that start later, and not to the main thread.
    file: "openclaw.mjs",
    replace: [
      [
        "const isSourceCheckoutLauncher =",
        'for (const flag of ["--no-memory-reducer", "--max-semi-space-size=2"]) process.getBuiltinModule("node:v8").setFlagsFromString(flag);\n' +
          "const isSourceCheckoutLauncher =",
      ],
    ],
  },
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
    // After 5 minutes, not 60 s: long before the save that follows 30 minutes after the opening, since both take one lock. After a freeze,
    // the 5 minutes begin again: a timer that is late by more than 5 s was frozen. Otherwise the close would begin with the thaw, like a
    // save that fell due in the freeze, and the next turn would open the database again. The variable is for tests that need a close.
    file: "openclaw-agent-execution",
    replace: [
      ["const IDLE_EXECUTION_MS = 6e4;", "const IDLE_EXECUTION_MS = Number(process.env.CHOWDER_DATABASE_IDLE_MS) || 3e5;"],
      [
        "const timer = runInExecutionOwnerContext(() => setTimeout(() => {\n",
        "const armIdleTimer = () => {\nconst due = performance.now() + IDLE_EXECUTION_MS;\nconst timer = runInExecutionOwnerContext(() => setTimeout(() => {\n",
      ],
      [
        "if (idleTimer !== timer || executionState.idle !== owner) return;\n",
        "if (idleTimer !== timer || executionState.idle !== owner) return;\nif (performance.now() > due + 5e3) return armIdleTimer();\n",
      ],
      ["timer.unref();\n", "timer.unref();\n};\narmIdleTimer();\n"],
    ],
  },
  {
    part: "the search for deleted sessions of cloud workers",
    // Every 60 s, also right after a freeze, OpenClaw looks for sessions that were deleted while a cloud worker had them. Each time it ends
    // the worker thread that reads sessions, and the next turn starts it again. If no session is on a cloud worker, an hour is enough to
    // remove the rows of deleted sessions.
    file: "server-worker-placement-startup",
    replace: [
      [
        "const reconcile = async () => {\n\t\tconst placements = deps.placements.list();\n",
        `let localsReadAt = -Infinity;
\tconst reconcile = async () => {
\t\tconst placements = deps.placements.list();
\t\tif (placements.every(({ state }) => state === "local")) {
\t\t\tif (performance.now() - localsReadAt < 36e5) return;
\t\t\tlocalsReadAt = performance.now();
\t\t}
`,
      ],
    ],
  },
  {
    part: "the copy of its Control UI",
    // Each boot compares 55 MB of files of this package with a copy in the home, and copies them into a new home, for pages that an earlier
    // version sent. The files of the package are served as before.
    file: "server-start",
    replace: [["preparing ??= (async () => {\n", "preparing ??= (async () => {\nreturn;\n"]],
  },
  {
    part: "the requests of a gateway that warms up",
    file: "fetch-guard",
    replace: [
      [
        "async function fetchWithSsrFGuardInternal(params) {\n",
        `${replyStream}
async function fetchWithSsrFGuardInternal(params) {
\tif (${WARMS_UP}) {
\t\tconst reply = replyStream(new URL(params.url).pathname);
\t\treturn {
\t\t\tresponse: reply
\t\t\t\t? new Response(reply, { headers: { "content-type": "text/event-stream" } })
\t\t\t\t: new Response('{"error":{"message":"no request leaves a gateway that warms up"}}', { status: 400, headers: { "content-type": "application/json" } }),
\t\t\tfinalUrl: params.url,
\t\t\trelease: async () => {}
\t\t};
\t}
`,
      ],
    ],
  },
  {
    part: "the model's reply to a gateway that warms up",
    // The provider's code runs first and reads the stream above. If it does not accept it, the turn gets a prepared message.
    file: "builtin-openclaw",
    replace: [
      [
        "session.agent.streamFn = streamFn;",
        `session.agent.streamFn = !(${WARMS_UP}) ? streamFn : async (model, context, options) => {
\t\tlet events = [];
\t\ttry {
\t\t\tfor await (const event of await streamFn(model, context, options)) events.push(event);
\t\t} catch {}
\t\tif (events.at(-1)?.type !== "done") {
\t\t\tconst message = { role: "assistant", content: [{ type: "text", text: "Ready." }], api: model.api, provider: model.provider, model: model.id, usage: makeZeroUsageSnapshot(), stopReason: "stop", timestamp: Date.now() };
\t\t\tevents = [{ type: "start", partial: message }, { type: "done", reason: "stop", message }];
\t\t}
\t\tconst stream = (0, event_stream_exports.createAssistantMessageEventStream)();
\t\tqueueMicrotask(() => {
\t\t\tfor (const event of events) stream.push(event);
\t\t\tstream.end();
\t\t});
\t\treturn stream;
\t};`,
      ],
    ],
  },
];

const folder = process.argv[2];
const names = [...readdirSync(folder), ...readdirSync(join(folder, "dist")).map((name) => `dist/${name}`)];
for (const change of CHANGES) {
  const hashed = new RegExp(`^dist/${change.file}-[\\w-]{8}\\.mjs$`);
  const files = names.filter((name) => name === change.file || hashed.test(name)).map((name) => join(folder, name));
  const found = files.filter((file) => change.replace.every(([before]) => readFileSync(file, "utf8").split(before).length === 2));
  if (found.length !== 1) {
    fail(change, `${folder}: one file ${change.file} must contain each of ${JSON.stringify(change.replace.map(([before]) => before))} once; got ${found.length} of ${files.length}`);
  }
  const text = change.replace.reduce((changed, [before, after]) => changed.split(before).join(after), readFileSync(found[0], "utf8"));
  writeFileSync(found[0], text);
}

function fail(change, why) {
  console.error(`patch-openclaw: ${why}. OpenClaw changed ${change.part}: adapt this program, or remove the change, also from ADR 0056.`);
  process.exit(1);
}
