import assert from "node:assert/strict";
import { after, test } from "node:test";
import { DownloadStore } from "../../../src/salon/web/files/download.js";
import { BLOCK, sha256 } from "../../../src/salon/web/files/manifest.js";
import { PickedStore, newFile } from "../../../src/salon/web/files/picked.js";

/** The service worker, as it is, on messages of this process. */
const heard = {};
globalThis.self = { addEventListener: (name, listener) => (heard[name] = listener), skipWaiting() {}, clients: { claim() {} } };
await import("../../../src/salon/web/files/download-worker.js");

function fetched(address) {
  let answer;
  heard.fetch({ request: { url: address.href }, respondWith: (response) => (answer = response) });
  return answer;
}

const worker = { postMessage: (data) => heard.message({ data }) };
const ports = [];
after(() => ports.forEach((port) => port.close()));

const block = (length, fill) => new Uint8Array(length).fill(fill);
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A store whose downloads are read by `read` as they begin. */
async function downloading(entries, read) {
  const ends = [];
  const store = new DownloadStore(worker, (address) => ends.push(read(fetched(address))));
  await store.open({ id: "t", other: "", name: "", entries });
  const write = async (file, index, data) => store.write("t", file, index, index, await sha256(data), data);
  const close = () => [...store.downloads.values()].forEach(({ port, timer }) => (clearInterval(timer), port.close()));
  return { store, write, ends, close };
}

const whole = async (response) => new Uint8Array(await response.arrayBuffer());

test("blocks go into the download in order, in whatever order they come, each once it is asked for", async () => {
  const size = 3 * BLOCK + 5;
  const { write, ends, close } = await downloading([{ path: "a/文件 (1).bin", size, modified: 1 }], async (response) => [response.headers, await whole(response)]);
  const writes = [write(0, 1, block(BLOCK, 2)), write(0, 2, block(BLOCK, 3)), write(0, 0, block(BLOCK, 1)), write(0, 3, block(5, 4))];
  assert.deepEqual(await Promise.all(writes), [true, true, true, true]);
  const [headers, bytes] = await ends[0];
  assert.equal(headers.get("content-length"), String(size));
  assert.equal(headers.get("content-disposition"), "attachment; filename*=UTF-8''%E6%96%87%E4%BB%B6%20%281%29.bin");
  assert.equal(bytes.length, size);
  assert.deepEqual([0, BLOCK, 2 * BLOCK, 3 * BLOCK].map((at) => bytes[at]), [1, 2, 3, 4]);
  close();
});

test("a disk that does not keep up stops who writes, and little is held", async () => {
  let reader;
  const { store, write, ends, close } = await downloading([{ path: "a", size: 40 * BLOCK, modified: 1 }], async (response) => (reader = response.body.getReader()));
  let written = 0;
  const all = Promise.all(Array.from({ length: 40 }, (_, index) => write(0, index, block(BLOCK, index)).then(() => (written += 1))));
  while (!reader) await later();
  const first = await reader.read();
  assert.equal(first.value[0], 0);
  for (let turn = 0; turn < 20; turn += 1) await later();
  // One was read, one may be asked for ahead, and so many are held; nobody who wrote the others was told that it went well.
  assert.ok(written <= 11, `${written} written`);
  for (let count = 1; count < 40; count += 1) assert.equal((await reader.read()).value[0], count);
  await all;
  assert.equal((await reader.read()).done, true);
  assert.equal(store.downloads.get(0).held.size, 0);
  await ends[0];
  close();
});

test("a download that its user gives up ends the transfer, and one that the page gives up fails", async () => {
  const { write, close } = await downloading([{ path: "a", size: 3 * BLOCK, modified: 1 }], (response) => response.body.cancel());
  await assert.rejects(async () => {
    for (const index of [0, 1, 2]) await write(0, index, block(BLOCK, 1));
  });
  close();
  const other = await downloading([{ path: "a", size: 2 * BLOCK, modified: 1 }], (response) => whole(response).catch(() => "failed"));
  await other.write(0, 0, block(BLOCK, 1));
  await other.store.remove();
  assert.equal(await other.ends[0], "failed");
  other.close();
});

test("what has another hash is not written, and an address is good once", async () => {
  let address;
  const store = new DownloadStore(worker, (asked) => ((address = asked), void whole(fetched(asked))));
  await store.open({ id: "t", other: "", name: "", entries: [{ path: "a", size: 4, modified: 1 }] });
  assert.equal(await store.write("t", 0, 0, 0, "0".repeat(64), block(4, 1)), false);
  assert.equal(await store.write("t", 0, 0, 0, await sha256(block(4, 1)), block(4, 1)), true);
  assert.equal(fetched(address), undefined);
  for (const { port, timer } of store.downloads.values()) clearInterval(timer), port.close();
});

/** A folder of a disk, with what the API says of one; `written` counts what is under way. */
class Folder {
  constructor() {
    this.kind = "directory";
    this.name = "Downloads";
    this.inside = new Map();
  }

  async getDirectoryHandle(name) {
    if (!this.inside.has(name)) this.inside.set(name, new Folder());
    return this.inside.get(name);
  }

  async getFileHandle(name, { create = false } = {}) {
    if (!this.inside.has(name) && !create) throw new DOMException("", "NotFoundError");
    if (!this.inside.has(name)) this.inside.set(name, new Document(name));
    return this.inside.get(name);
  }
}

class Document {
  constructor(name) {
    this.kind = "file";
    this.name = name;
    this.bytes = null;
  }

  async createWritable() {
    const parts = [];
    return {
      write: async ({ position, data }) => void parts.push([position, data]),
      abort: async () => void (this.bytes = "aborted"),
      close: async () => {
        this.bytes = new Uint8Array(Math.max(0, ...parts.map(([position, data]) => position + data.length)));
        for (const [position, data] of parts) this.bytes.set(data, position);
      },
    };
  }
}

test("files go into the folder that was chosen, below their own, beside what is there", async () => {
  const root = new Folder();
  await (await newFile(root, "photos/a.txt")).createWritable();
  const store = new PickedStore(root);
  const entries = [["photos/a.txt", 3], ["photos/empty", 0], ["photos/deep/b", BLOCK + 1]].map(([path, size]) => ({ path, size, modified: 1 }));
  const have = await store.open({ id: "t", other: "", name: "", entries });
  assert.equal(have.length, 3);
  const write = async (file, index, place, data) => store.write("t", file, index, place, await sha256(data), data);
  assert.equal(await write(2, 1, 2, block(1, 9)), true);
  assert.equal(await write(2, 0, 1, block(BLOCK, 8)), true);
  assert.equal(await store.write("t", 0, 0, 0, "0".repeat(64), block(3, 7)), false);
  assert.equal(await write(0, 0, 0, block(3, 7)), true);
  const photos = root.inside.get("photos").inside;
  assert.deepEqual([...photos.keys()], ["a.txt", "empty", "deep", "a (2).txt"]);
  assert.deepEqual(photos.get("a (2).txt").bytes, block(3, 7));
  assert.equal(photos.get("empty").bytes.length, 0);
  const b = photos.get("deep").inside.get("b").bytes;
  assert.deepEqual([b.length, b[0], b[BLOCK]], [BLOCK + 1, 8, 9]);
  // A lost connection goes on where it was.
  assert.deepEqual([...(await store.open({ id: "t", other: "", name: "", entries }))], [1, 1, 1]);
});

test("what is given up in the middle leaves no half file, and what is whole stays", async () => {
  const root = new Folder();
  const store = new PickedStore(root);
  await store.open({ id: "t", other: "", name: "", entries: [{ path: "a", size: 1, modified: 1 }, { path: "b", size: 2 * BLOCK, modified: 1 }] });
  await store.write("t", 0, 0, 0, await sha256(block(1, 1)), block(1, 1));
  await store.write("t", 1, 0, 1, await sha256(block(BLOCK, 1)), block(BLOCK, 1));
  await store.remove();
  assert.deepEqual(root.inside.get("a").bytes, block(1, 1));
  assert.equal(root.inside.get("b").bytes, "aborted");
});
