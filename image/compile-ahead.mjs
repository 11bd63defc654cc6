// Runs OpenClaw once through the start of every agent: onboarding, the boot of a gateway and a first response. Node then leaves the
// compiled code in the image. Otherwise each sandbox would compile it at every start, since its container is new each time.
// It also leaves the configuration that onboarding wrote, without its token, in the home folder of the image. Chowder completes this
// skeleton for each new agent, so that no agent needs an onboarding of its own.
// This program runs as root while the image is built. OpenClaw runs as the sandbox's user, since Node keeps a separate compile cache for
// each user. Only the cache and the skeleton remain. The model is simulated.
//
//   node compile-ahead.mjs FOLDER     FOLDER is for the compile cache, which image/enter links for each user
import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MS = 600_000;
const USER = 1000;
const PORT = 18789;
const TOKEN = "of-nobody";
const IMAGE_HOME = "/home/node";
// OpenClawHome.SKELETON
const SKELETON = join(IMAGE_HOME, ".chowder/onboarded.json");
// Tells the server that patch-openclaw.mjs lets the gateway warm up (OpenClawHome.CAN_WARM_UP).
const CAN_WARM_UP = join(IMAGE_HOME, ".chowder/can-warm-up");
const folder = process.argv[2];
const home = mkdtempSync(join(tmpdir(), "compile-ahead-"));
const openclawHome = join(home, ".openclaw");
const CONFIG = join(openclawHome, "openclaw.json");
const env = { ...process.env, HOME: home, NODE_COMPILE_CACHE: folder, OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED: "1" };
const deadline = AbortSignal.timeout(LIMIT_MS);

function playModel() {
  const server = createServer((request, response) => {
    request.resume();
    const chunk = (delta, finish) => `data: ${JSON.stringify({
      id: "c", object: "chat.completion.chunk", created: 0, model: "m", choices: [{ index: 0, delta, finish_reason: finish }],
    })}\n\n`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${chunk({ role: "assistant", content: "Hello." }, null)}${chunk({}, "stop")}data: [DONE]\n\n`);
  });
  return new Promise((resolve) => { server.listen(0, "127.0.0.1", () => resolve(server)); });
}

// As in Chowder, onboarding finds the settings of a model and completes them.
function seed(model) {
  mkdirSync(openclawHome, { mode: 0o700 });
  writeFileSync(CONFIG, JSON.stringify({
    models: { providers: { played: {
      baseUrl: `http://127.0.0.1:${model.address().port}/v1`, api: "openai-completions", models: [{ id: "m", name: "m" }],
    } } },
    agents: { defaults: { model: { primary: "played/m" } } },
  }));
  own(home, USER);
}

// Keeps what every agent's onboarding writes. A token that agents shared would open all their gateways.
function keepSkeleton(onboarded) {
  const skeleton = structuredClone(onboarded);
  delete skeleton.models;
  delete skeleton.agents.defaults.model;
  delete skeleton.gateway.auth.token;
  mkdirSync(dirname(SKELETON), { mode: 0o700 });
  writeFileSync(SKELETON, `${JSON.stringify(skeleton, null, 2).replaceAll(home, IMAGE_HOME)}\n`, { mode: 0o600 });
  writeFileSync(CAN_WARM_UP, "", { mode: 0o600 });
  own(dirname(SKELETON), USER);
}

// Completes the configuration as Chowder does, so that the code that reads secrets from files is compiled too.
function configure(config) {
  config.models.providers.played.apiKey = secret("key", "none");
  config.secrets = { providers: Object.fromEntries(["key", "token"].map((name) =>
    [name, { source: "file", path: join(openclawHome, "chowder", name), mode: "singleValue" }])) };
  config.gateway.auth.token = secret("token", TOKEN);
  config.gateway.http = { endpoints: { responses: { enabled: true } } };
  config.gateway.controlUi = { allowedOrigins: ["http://localhost"] };
  config.plugins = { entries: { "admin-http-rpc": { enabled: true } } };
  writeFileSync(CONFIG, JSON.stringify(config));
  own(openclawHome, USER);
}

function secret(name, value) {
  mkdirSync(join(openclawHome, "chowder"), { recursive: true, mode: 0o700 });
  writeFileSync(join(openclawHome, "chowder", name), value, { mode: 0o600 });
  return { source: "file", provider: name, id: "value" };
}

function own(path, user) {
  for (const entry of [path, ...inside(path)]) chownSync(entry, user, user);
}

const inside = (path) => readdirSync(path, { recursive: true }).map((entry) => join(path, entry));

function openclaw(...args) {
  const child = spawn("openclaw", args, { env, uid: USER, gid: USER, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { said = (said + text).slice(-4000); });
  deadline.addEventListener("abort", () => child.kill("SIGKILL"));
  const ended = new Promise((resolve) => { child.on("exit", resolve); child.on("error", resolve); });
  return { child, ended, said: () => said };
}

function must(isSo, what, said) {
  if (!isSo) throw new Error(`${what}; the end of its output:\n${said()}`);
}

async function isReady() {
  try {
    return (await fetch(`http://127.0.0.1:${PORT}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function live() {
  const model = await playModel();
  seed(model);
  // The arguments are those of OpenClawOnboarding.
  const onboarding = openclaw("onboard", "--non-interactive", "--accept-risk", "--mode", "local", "--auth-choice", "skip",
    "--gateway-port", String(PORT), "--gateway-bind", "lan", "--skip-channels", "--skip-skills", "--skip-health", "--skip-daemon",
    "--skip-ui", "--skip-search", "--skip-hooks", "--json");
  must((await onboarding.ended) === 0, "openclaw onboard failed", onboarding.said);
  const onboarded = JSON.parse(readFileSync(CONFIG, "utf8"));
  keepSkeleton(onboarded);
  configure(onboarded);
  const gateway = openclaw("gateway", "run");
  while (!(await isReady())) {
    must(!deadline.aborted && gateway.child.exitCode === null, "the gateway did not become ready", gateway.said);
    await sleep(200);
  }
  const answer = await fetch(`http://127.0.0.1:${PORT}/v1/responses`, {
    method: "POST",
    signal: deadline,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "openclaw", input: "Hello", stream: true }),
  });
  const text = await answer.text();
  must(answer.ok && text.includes("Hello."), `the agent did not respond (${answer.status}): ${text.slice(0, 500)}`, gateway.said);
  // Node writes the compile cache when it exits.
  gateway.child.kill("SIGTERM");
  await gateway.ended;
  must(!deadline.aborted, "the gateway did not stop", gateway.said);
  model.close();
}

try {
  mkdirSync(folder);
  own(folder, USER);
  await live();
  own(folder, 0);
  // Node writes files that only their owner can read.
  for (const path of inside(folder)) chmodSync(path, statSync(path).mode | (statSync(path).isDirectory() ? 0o555 : 0o444));
} catch (failure) {
  console.error(`compile-ahead: ${failure.message}`);
  process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  // After a failure, the model and the gateway may still run and would keep this process alive.
  process.exit();
}
