// Writes the lock file with which npm installs one package of another lock file, so that npm checks its integrity.
//
//   node first-node.mjs LOCK NAME FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [lock, name, folder] = process.argv.slice(2);
const entry = JSON.parse(readFileSync(lock, "utf8")).packages[`node_modules/${name}`];
if (!entry?.integrity) throw new Error(`${lock}: must have ${name} with its integrity`);
const project = { name: "first-node", private: true, dependencies: { [name]: entry.version } };
const packages = { "": project, [`node_modules/${name}`]: entry };
writeFileSync(join(folder, "package.json"), JSON.stringify(project));
writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ name: project.name, lockfileVersion: 3, requires: true, packages }));
