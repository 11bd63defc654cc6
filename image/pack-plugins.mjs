// Downloads the archives of the packages in plugins/package-lock.json, and writes the index that npm.mjs serves. If a plugin's archive does
// not include its dependencies, it creates one that does. Runs no package scripts. Needs npm.
//
//   node pack-plugins.mjs FOLDER     FOLDER becomes /opt/openclaw/plugins of the image
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_MS = 600_000;
const LIMIT_BYTES = 512 * 1024 * 1024;
const folder = process.argv[2];
const lock = JSON.parse(readFileSync(new URL("plugins/package-lock.json", import.meta.url), "utf8"));
mkdirSync(folder, { recursive: true });
const fetched = mkdtempSync(join(folder, "fetched-"));
try {
  pack();
} finally {
  rmSync(fetched, { recursive: true, force: true });
}

function pack() {
  // Packages that are bundled in another archive are not downloaded.
  const pinned = Object.entries(lock.packages).filter(([path, one]) => path !== "" && !one.inBundle)
    .map(([path, one]) => ({ path, name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length), ...one }));
  const archives = fetch(pinned);
  const index = {};
  for (const plugin of pinned.filter(({ path, name }) => path === `node_modules/${name}`)) {
    // plugins/.npmrc makes npm install dependencies below their plugin.
    const brought = pinned.filter(({ path }) => path.startsWith(`${plugin.path}/`));
    index[plugin.name] = carry(plugin, brought, archives);
  }
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}

/** Returns the paths of the archives by integrity. Fails if the registry has an archive with another integrity. */
function fetch(pinned) {
  const specs = new Map(pinned.map(({ name, version, integrity }) => [`${name}@${version}`, integrity]));
  const packed = JSON.parse(run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", fetched, ...specs.keys()]));
  const archives = new Map();
  for (const { name, version, integrity, filename } of packed) {
    if (integrity !== specs.get(`${name}@${version}`)) {
      fail(`${name}@${version}: the integrity must match package-lock.json; got ${integrity}`);
    }
    archives.set(integrity, join(fetched, filename.replace("@", "").replace("/", "-")));
  }
  return archives;
}

/** Moves a plugin's archive into the folder, and returns its entry in the index. */
function carry({ name, version, integrity }, brought, archives) {
  const archive = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
  const target = join(folder, archive);
  if (brought.length === 0) renameSync(archives.get(integrity), target);
  else writeFileSync(target, withAll({ name, integrity }, brought, archives));
  const manifest = JSON.parse(run("tar", ["-xzOf", target, "package/package.json"]));
  const open = Object.keys(manifest.dependencies ?? {}).filter((dependency) => !(manifest.bundledDependencies ?? []).includes(dependency));
  if (open.length > 0) {
    fail(`${name}@${version}: the archive must include all dependencies; it lacks ${open.join(", ")}`);
  }
  const bytes = readFileSync(target);
  return { archive, integrity: `sha512-${hash("sha512", "base64", bytes)}`, shasum: hash("sha1", "hex", bytes), manifest };
}

/** Returns a reproducible archive of a plugin that includes its dependencies. */
function withAll(plugin, brought, archives) {
  const root = mkdtempSync(join(fetched, "all-"));
  const top = join(root, "package");
  unpack(archives.get(plugin.integrity), top);
  for (const { path, integrity } of brought) {
    unpack(archives.get(integrity), join(top, path.slice(`node_modules/${plugin.name}/`.length)));
  }
  const file = join(top, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  manifest.bundledDependencies = Object.keys(manifest.dependencies);
  writeFileSync(file, JSON.stringify(manifest, null, 2));
  return gzipSync(run("tar", ["-C", root, "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX",
    "-cf", "-", "package"], "buffer"));
}

/** Unpacks an archive without its top folder, whose name differs. */
function unpack(archive, into) {
  mkdirSync(into, { recursive: true });
  run("tar", ["-C", into, "--strip-components=1", "--no-same-owner", "--warning=no-unknown-keyword", "-xzf", archive]);
}

function run(command, args, encoding = "utf8") {
  return execFileSync(command, args, { encoding, timeout: LIMIT_MS, maxBuffer: LIMIT_BYTES, stdio: ["ignore", "pipe", "inherit"] });
}

function hash(algorithm, encoding, bytes) {
  return createHash(algorithm).update(bytes).digest(encoding);
}

function fail(message) {
  throw new Error(message);
}
