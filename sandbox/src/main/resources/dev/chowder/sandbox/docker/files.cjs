// Executes one request on the files of a sandbox's home volume per process. It runs in a separate container beside the agent. The agent can
// change any file at any time, for example replace a folder by a link to a file outside the workspace. Therefore a path is never resolved
// as a whole. Each folder is opened from the handle of its parent, never through a link, and its entries are accessed by its handle
// (/proc/self/fd/N/name). Does not know tar, HTTP or limits of the API.
//
// Input and output are frames: a letter, four bytes of length, and the content. Input: Q is a request, F the head of an entry, D content
// and E its end. A file is put in place only after E, so that an input that stops early changes nothing. Output: R once when the program
// runs, then H for a head, D for content, E for success and X for a rejection.
'use strict';
const fs = require('fs');
const crypto = require('crypto');
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = fs.constants;

const CHUNK = 128 * 1024;
const LONGEST_FRAME = 1024 * 1024;
const DEEPEST = 128;
const LONGEST_PATH = 4096;
const LONGEST_NAME = 255;
const STAGING = '.chowder-files';
const STALE_MS = 24 * 3600 * 1000;
const SWEPT_AT_ONCE = 1000;

class Refusal extends Error {
  constructor(reason, path, more) {
    super(reason);
    this.answer = { reason, path: path.join('/'), ...more };
  }
}
const refuse = (reason, path, more) => {
  throw new Refusal(reason, path, more);
};

// ---- frames
const still = new Int32Array(new SharedArrayBuffer(4));
const patient = step => {
  for (;;) {
    try {
      return step();
    } catch (e) {
      if (e.code !== 'EAGAIN') throw e;
      Atomics.wait(still, 0, 0, 2);
    }
  }
};
function receive(length) {
  const bytes = Buffer.allocUnsafe(length);
  for (let got = 0; got < length; ) {
    const n = patient(() => fs.readSync(0, bytes, got, length - got, null));
    if (n === 0) throw new Error('the caller disconnected');
    got += n;
  }
  return bytes;
}
function next() {
  const head = receive(5);
  const length = head.readUInt32BE(1);
  if (length > LONGEST_FRAME) throw new Error('frame too long');
  return { kind: String.fromCharCode(head[0]), bytes: receive(length) };
}
function send(kind, payload) {
  const head = Buffer.allocUnsafe(5);
  head[0] = kind.charCodeAt(0);
  head.writeUInt32BE(payload.length, 1);
  for (const bytes of [head, payload]) {
    for (let sent = 0; sent < bytes.length; ) sent += patient(() => fs.writeSync(1, bytes, sent));
  }
}
const say = (kind, json) => send(kind, Buffer.from(JSON.stringify(json)));

// ---- names and handles
const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Returns the name as text; null if it is not permitted in a path of the API. */
function text(name) {
  if (name.length > LONGEST_NAME) return null;
  try {
    const decoded = utf8.decode(name);
    return /[\p{Cc}\u2028-\u202e\u2066-\u2069\\]/u.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}
const at = (folder, name) => Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), Buffer.from(name)]);
const kindOf = stat =>
  stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
const described = stat => ({ kind: kindOf(stat), size: stat.size, modified: Math.floor(stat.mtimeMs), mode: stat.mode & 0o7777 });
function look(folder, name) {
  try {
    return fs.lstatSync(at(folder, name));
  } catch (e) {
    if (e.code === 'ENOENT') return null;
    throw e;
  }
}
/** Returns the rejection for an entry that could not be opened as the requested kind. */
function explained(e, folder, name, path, wanted) {
  if (e.code === 'ENOENT') return new Refusal('NOT_FOUND', path);
  if (e.code === 'EACCES' || e.code === 'EPERM') return new Refusal('DENIED', path);
  if (['ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO', 'EEXIST'].includes(e.code)) {
    const there = look(folder, name);
    if (there === null) return new Refusal('NOT_FOUND', path);
    return wrong(there, path, wanted);
  }
  return e;
}
function wrong(there, path, wanted) {
  const kind = kindOf(there);
  if (kind === 'link') return new Refusal('LINK', path);
  if (kind === 'other') return new Refusal('SPECIAL', path);
  return new Refusal(wanted === 'file' ? 'FOLDER' : 'NOT_FOLDER', path);
}
const open = [];
const hold = handle => {
  open.push(handle);
  return handle;
};
function release(handle) {
  open.splice(open.lastIndexOf(handle), 1);
  fs.closeSync(handle);
}
function openFolder(folder, name, path) {
  try {
    return hold(fs.openSync(at(folder, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  } catch (e) {
    throw explained(e, folder, name, path, 'folder');
  }
}
function makeFolder(folder, name, mode) {
  try {
    fs.mkdirSync(at(folder, name), mode);
    return true;
  } catch (e) {
    if (e.code !== 'EEXIST') throw e;
    return false;
  }
}
/** Returns the handle of a folder. Opens each folder of the path from its parent, and closes the intermediate handles. */
function walk(from, path, make) {
  let folder = from;
  path.forEach((name, depth) => {
    if (make) makeFolder(folder, name, 0o755);
    const below = openFolder(folder, name, path.slice(0, depth + 1));
    if (folder !== from) release(folder);
    folder = below;
  });
  return folder;
}
const parent = (from, path, make) => walk(from, path.slice(0, -1), make);
const last = path => path[path.length - 1];
function* names(folder) {
  const entries = fs.opendirSync(`/proc/self/fd/${folder}`, { encoding: 'buffer', bufferSize: 256 });
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) yield entry.name;
  } finally {
    entries.closeSync();
  }
}
function openFile(folder, name, path) {
  let file;
  try {
    // Nonblocking, because opening a fifo would wait for a writer.
    file = hold(fs.openSync(at(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  } catch (e) {
    throw explained(e, folder, name, path, 'file');
  }
  const stat = fs.fstatSync(file);
  if (!stat.isFile()) throw wrong(stat, path, 'file');
  return { file, stat };
}

// ---- requests
let home;
let root;

function list({ path, after, limit, most }) {
  const folder = walk(root, path, false);
  const from = Buffer.from(after);
  let found = [];
  let omitted = 0;
  let seen = 0;
  for (const name of names(folder)) {
    if (++seen > most) refuse('TOO_MANY', path, { limit: most });
    if (text(name) === null) omitted++;
    else if (after === '' || Buffer.compare(name, from) > 0) found.push(name);
    if (found.length > 4 * limit) found = found.sort(Buffer.compare).slice(0, limit + 1);
  }
  found = found.sort(Buffer.compare);
  const entries = [];
  for (const name of found.slice(0, limit)) {
    const there = look(folder, name);
    if (there !== null) entries.push({ name: text(name), ...described(there) });
  }
  const more = found.length > limit ? text(found[limit - 1]) : '';
  entries.forEach(entry => say('H', entry));
  say('E', { more, omitted });
}

function content(file, offset, length) {
  const bytes = Buffer.allocUnsafe(CHUNK);
  let sent = 0;
  while (sent < length) {
    const n = fs.readSync(file, bytes, 0, Math.min(CHUNK, length - sent), offset + sent);
    if (n === 0) break;
    send('D', bytes.subarray(0, n));
    sent += n;
  }
  return sent;
}

function read({ path, most }) {
  const { file, stat } = openFile(parent(root, path, false), last(path), path);
  if (stat.size > most) refuse('TOO_LARGE', path, { size: stat.size, limit: most });
  say('H', described(stat));
  // The caller sends the range only now, because the range depends on the size.
  const range = next();
  if (range.kind !== 'Q') throw new Error('no range');
  const { offset, length } = JSON.parse(range.bytes);
  say('E', { sent: content(file, offset, Math.min(length, most)) });
}

/** Returns the handle of a folder beside the workspace for incomplete files, so that the workspace never has any. */
function staging() {
  makeFolder(home, STAGING, 0o700);
  const folder = openFolder(home, STAGING, [STAGING]);
  let swept = 0;
  for (const name of names(folder)) {
    if (++swept > SWEPT_AT_ONCE) break;
    const there = look(folder, name);
    if (there !== null && Date.now() - there.mtimeMs > STALE_MS) remove(folder, name, [STAGING], 0);
  }
  return folder;
}
const unused = () => crypto.randomBytes(12).toString('hex');

/** Returns the mode of the file that would be replaced, or null if there is none. Rejects anything but a file. */
function replaceable(folder, path) {
  const there = look(folder, last(path));
  if (there === null) return null;
  if (!there.isFile()) throw wrong(there, path, 'file');
  return there.mode & 0o777;
}
function place(from, name, folder, path) {
  try {
    fs.renameSync(at(from, name), at(folder, last(path)));
  } catch (e) {
    throw explained(e, folder, last(path), path, 'file');
  }
}

function write() {
  const folder = staging();
  const name = unused();
  const file = hold(fs.openSync(at(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
  try {
    let frame = next();
    let size = 0;
    for (; frame.kind === 'D'; frame = next()) {
      store(file, frame.bytes);
      size += frame.bytes.length;
    }
    if (frame.kind !== 'E') throw new Error('no end');
    const { path } = JSON.parse(frame.bytes);
    const target = parent(root, path, true);
    fs.fchmodSync(file, replaceable(target, path) ?? 0o644);
    fs.fsyncSync(file);
    place(folder, name, target, path);
    fs.fsyncSync(target);
    say('E', { size });
  } finally {
    gone(folder, name);
  }
}
function store(file, bytes) {
  for (let stored = 0; stored < bytes.length; ) stored += fs.writeSync(file, bytes, stored);
}
function gone(folder, name) {
  try {
    fs.unlinkSync(at(folder, name));
  } catch {
    // The file was moved to its place.
  }
}

function move({ source, destination, overwrite }) {
  const from = parent(root, source, false);
  const there = look(from, last(source));
  if (there === null) refuse('NOT_FOUND', source);
  if (there.isSymbolicLink()) refuse('LINK', source);
  const to = parent(root, destination, false);
  const target = look(to, last(destination));
  if (target !== null && !overwrite) refuse('EXISTS', destination);
  if (target !== null && target.isSymbolicLink()) refuse('LINK', destination);
  const [old, now] = [at(from, last(source)), at(to, last(destination))];
  try {
    if (there.isFile() && !overwrite) {
      // A hard link fails if the name exists, so of two concurrent moves only one succeeds.
      fs.linkSync(old, now);
      fs.unlinkSync(old);
    } else {
      fs.renameSync(old, now);
    }
  } catch (e) {
    if (e.code === 'EEXIST') refuse('EXISTS', destination);
    if (e.code === 'ENOTEMPTY') refuse('NOT_EMPTY', destination);
    if (e.code === 'EISDIR') refuse('FOLDER', destination);
    if (e.code === 'ENOTDIR') refuse('NOT_FOLDER', destination);
    if (e.code === 'EINVAL') refuse('INTO_ITSELF', destination);
    throw explained(e, from, last(source), source, 'file');
  }
  say('E', {});
}

function erase({ path, recursive }) {
  const folder = parent(root, path, false);
  const there = look(folder, last(path));
  if (there === null) refuse('NOT_FOUND', path);
  if (!there.isDirectory()) {
    fs.unlinkSync(at(folder, last(path)));
  } else if (recursive) {
    remove(folder, last(path), path, 0);
  } else {
    try {
      fs.rmdirSync(at(folder, last(path)));
    } catch (e) {
      if (e.code === 'ENOTEMPTY') refuse('NOT_EMPTY', path);
      throw e;
    }
  }
  say('E', {});
}
/** Removes an entry with its contents. Removes links and does not follow them. */
function remove(folder, name, path, depth) {
  const there = look(folder, name);
  if (there === null) return;
  if (!there.isDirectory()) {
    fs.unlinkSync(at(folder, name));
    return;
  }
  if (depth >= DEEPEST) refuse('TOO_DEEP', path, { limit: DEEPEST });
  const below = openFolder(folder, name, path);
  for (const entry of names(below)) remove(below, entry, path, depth + 1);
  release(below);
  try {
    fs.rmdirSync(at(folder, name));
  } catch (e) {
    if (e.code === 'ENOTEMPTY') refuse('NOT_EMPTY', path);
    if (e.code !== 'ENOENT') throw e;
  }
}

function mkdir({ path }) {
  walk(root, path, true);
  say('E', {});
}

function exported() {
  const count = { files: 0, folders: 0, omitted: 0 };
  tree(root, [], count);
  say('E', count);
}
function tree(folder, path, count) {
  for (const bytes of names(folder)) {
    const name = text(bytes);
    const there = name === null ? null : look(folder, bytes);
    const below = there === null ? null : [...path, name];
    if (below === null || below.length > DEEPEST || Buffer.byteLength(below.join('/')) > LONGEST_PATH) {
      count.omitted++;
      continue;
    }
    try {
      if (there.isDirectory()) {
        const inner = openFolder(folder, bytes, below);
        count.folders++;
        say('H', { path: below.join('/'), ...described(fs.fstatSync(inner)), size: 0 });
        tree(inner, below, count);
        release(inner);
      } else if (there.isFile()) {
        const { file, stat } = openFile(folder, bytes, below);
        count.files++;
        say('H', { path: below.join('/'), ...described(stat) });
        // Sends exactly the announced length, with zeros at the end, even if the file shrinks meanwhile.
        for (let missing = stat.size - content(file, 0, stat.size); missing > 0; missing -= CHUNK) {
          send('D', Buffer.alloc(Math.min(CHUNK, missing)));
        }
        release(file);
      } else {
        count.omitted++;
      }
    } catch (e) {
      // The entry was removed or replaced after it was listed.
      if (!(e instanceof Refusal)) throw e;
      count.omitted++;
    }
  }
}

function imported() {
  const folder = staging();
  const name = unused();
  makeFolder(folder, name, 0o700);
  try {
    const tree = openFolder(folder, name, [STAGING]);
    const mark = open.length;
    const entries = [];
    let frame = next();
    while (frame.kind === 'F') {
      const entry = JSON.parse(frame.bytes);
      entries.push({ path: entry.path, kind: entry.kind });
      frame = entry.kind === 'folder' ? storeFolder(tree, entry) : storeFile(tree, entry);
      closeAbove(mark);
    }
    if (frame.kind !== 'E') throw new Error('no end');
    // Checks all entries for conflicts before any is put in place.
    entries.forEach(entry => fits(entry));
    const count = { files: 0, folders: 0 };
    for (const { path, kind } of entries) {
      if (kind === 'folder') {
        walk(root, path, true);
        count.folders++;
      } else if (look(parent(tree, path, false), last(path)) !== null) {
        place(parent(tree, path, false), last(path), parent(root, path, true), path);
        count.files++;
      }
      closeAbove(mark);
    }
    say('E', count);
  } finally {
    remove(folder, name, [STAGING], 0);
  }
}
function storeFolder(tree, { path }) {
  walk(tree, path, true);
  return next();
}
function storeFile(tree, { path, mode, modified }) {
  const folder = parent(tree, path, true);
  let file;
  try {
    file = hold(fs.openSync(at(folder, last(path)), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o600));
  } catch (e) {
    throw explained(e, folder, last(path), path, 'file');
  }
  let frame = next();
  for (; frame.kind === 'D'; frame = next()) store(file, frame.bytes);
  fs.fchmodSync(file, (mode & 0o777) | 0o600);
  fs.futimesSync(file, modified / 1000, modified / 1000);
  return frame;
}
function fits({ path, kind }) {
  let folder = root;
  for (let depth = 0; depth < path.length; depth++) {
    const there = look(folder, path[depth]);
    if (there === null) break;
    const isLast = depth === path.length - 1;
    if (isLast && kind === 'file') {
      if (!there.isFile()) throw wrong(there, path, 'file');
      break;
    }
    const below = openFolder(folder, path[depth], path.slice(0, depth + 1));
    if (folder !== root) release(folder);
    folder = below;
  }
  if (folder !== root) release(folder);
}
/** Closes the handles that were opened since the mark. */
function closeAbove(mark) {
  while (open.length > mark) fs.closeSync(open.pop());
}

// ---- one request
/** Opens the workspace. Removes its location from an error, because callers may only see paths inside the workspace. */
function theFolder(path) {
  try {
    return walk(home, path, true);
  } catch (e) {
    if (e instanceof Refusal) e.answer.path = '';
    throw e;
  }
}
const REQUESTS = { list, read, write, move, erase, mkdir, exported, imported };
try {
  send('R', Buffer.alloc(0));
  const request = JSON.parse(next().bytes);
  home = hold(fs.openSync(request.home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  root = theFolder(request.folder);
  REQUESTS[request.does](request);
} catch (e) {
  try {
    if (e instanceof Refusal) say('X', e.answer);
    // Node has no name for EDQUOT (quota exceeded), only its number.
    else if (e.code === 'ENOSPC' || e.errno === -122) say('X', { reason: 'NO_SPACE', path: '' });
    else say('X', { reason: 'FAILED', path: '', code: e.code ?? 'BUG', message: String(e.message) });
  } catch {
    // The caller has disconnected.
  }
  process.exitCode = 1;
}
