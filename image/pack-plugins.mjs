// Fetches what plugins/package-lock.json pins, as archives that stay archives, and writes what npm.mjs tells of them. Needs npm.
//
//   node pack-plugins.mjs FOLDER     FOLDER becomes /opt/openclaw/plugins of the image
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIMIT_MS = 300_000;
const folder = process.argv[2];
const lock = JSON.parse(readFileSync(new URL("plugins/package-lock.json", import.meta.url), "utf8"));
const index = {};
mkdirSync(folder, { recursive: true });
for (const [path, pinned] of Object.entries(lock.packages)) {
  // What lies in an archive comes with it.
  if (path === "" || pinned.inBundle) continue;
  const name = path.slice("node_modules/".length);
  const packed = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder, `${name}@${pinned.version}`],
    { encoding: "utf8", timeout: LIMIT_MS, stdio: ["ignore", "pipe", "inherit"] }))[0];
  if (packed.integrity !== pinned.integrity) {
    console.error(`${name}@${pinned.version}: the registry has another one than package-lock.json pins (got: ${packed.integrity})`);
    process.exit(1);
  }
  const archive = packed.filename.replace("@", "").replace("/", "-");
  const manifest = JSON.parse(execFileSync("tar", ["-xzOf", join(folder, archive), "package/package.json"], { encoding: "utf8" }));
  const open = Object.keys(manifest.dependencies ?? {}).filter((dependency) => !(manifest.bundledDependencies ?? []).includes(dependency));
  if (open.length > 0) {
    console.error(`${name}@${pinned.version}: does not bring ${open.join(", ")} (expected: all that it depends on, in its archive)`);
    process.exit(1);
  }
  index[name] = { archive, integrity: packed.integrity, shasum: packed.shasum, manifest };
}
writeFileSync(join(folder, "index.json"), JSON.stringify(index));
