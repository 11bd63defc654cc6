#!/usr/bin/env node
// The npm that OpenClaw calls in a sandbox. It installs the channel plugins from archives in the image, so that they can be installed
// without a registry. During such a call, it serves the archives as a registry on the loopback. All other calls go to npm unchanged.
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CARRIED = "/opt/openclaw/plugins";
const NPM = "/opt/openclaw/node_modules/npm/bin/npm-cli.js";
const VIEWING = new Set(["view", "v", "info", "show"]);
const TAKING = new Set([...VIEWING, "pack", "install", "i", "add", "ci"]);

const carried = JSON.parse(readFileSync(join(CARRIED, "index.json"), "utf8"));
const args = process.argv.slice(2);

/** Returns the packages of this call with their versions; empty if the call concerns no packages. */
function wanted() {
  const words = args.filter((arg) => !arg.startsWith("-"));
  if (!TAKING.has(words[0])) return [];
  const specs = VIEWING.has(words[0]) ? words.slice(1, 2) : words.slice(1);
  if (specs.length > 0) return specs.map((spec) => spec.split(/(?<=.)@/, 2));
  try {
    const project = JSON.parse(readFileSync("package.json", "utf8"));
    return Object.entries({ ...project.dependencies, ...project.optionalDependencies });
  } catch {
    return [];
  }
}

function isCarried([name, version = "latest"]) {
  return Object.hasOwn(carried, name) && ["latest", carried[name].manifest.version].includes(version);
}

/** Returns a registry's description of a package. */
function described(name, origin) {
  const { archive, integrity, shasum, manifest } = carried[name];
  const version = { ...manifest, _id: `${name}@${manifest.version}`, dist: { integrity, shasum, tarball: `${origin}/-/${archive}` } };
  return { _id: name, name, "dist-tags": { latest: manifest.version }, versions: { [manifest.version]: version } };
}

function answer(request, response) {
  const path = decodeURIComponent(request.url.split("?")[0]).slice(1);
  const archive = Object.values(carried).find((one) => path === `-/${one.archive}`)?.archive;
  if (archive) {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    createReadStream(join(CARRIED, archive)).on("error", () => response.destroy()).pipe(response);
  } else if (Object.hasOwn(carried, path)) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(described(path, `http://${request.headers.host}`)));
  } else {
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: `${path}: not in this image` }));
  }
}

function npm(env) {
  const child = spawn(process.execPath, [NPM, ...args], { stdio: "inherit", env: { ...process.env, ...env } });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (failure) => {
    console.error(`npm: ${failure.message}`);
    process.exit(1);
  });
  child.on("exit", (code) => {
    if (env.npm_config_cache) rmSync(env.npm_config_cache, { recursive: true, force: true });
    process.exit(code ?? 1);
  });
}

const packages = wanted();
if (packages.length > 0 && packages.every(isCarried)) {
  const registry = createServer(answer);
  registry.listen(0, "127.0.0.1", () => npm({
    npm_config_registry: `http://127.0.0.1:${registry.address().port}/`,
    // The registry's port is different in each call, so it must not be in the lock file.
    npm_config_omit_lockfile_registry_resolved: "true",
    // A temporary cache, so that archives of the image are not copied to the home volume.
    npm_config_cache: mkdtempSync(join(tmpdir(), "npm-")),
  }));
} else {
  npm({});
}
