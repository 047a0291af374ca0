/** Which files: by the browser's own dialog, a folder, or what is dropped, folders with all that is in them. */

import { MOST_FILES, sendablePath } from "../../files/manifest.js";

/** @typedef {import("../../files/manifest.js").Entry} Entry */
/** @typedef {{ entries: Entry[], files: File[] }} Picked */

/** @param {Iterable<{ path: string, file: File }>} found @returns {Picked} */
export function picked(found) {
  /** @type {Map<string, { path: string, file: File }>} */
  const byPath = new Map();
  for (const { path, file } of found) {
    let name = sendablePath(path);
    // Two files of one name, from two folders for instance, both arrive.
    for (let copy = 2; byPath.has(name.toLowerCase()); copy += 1) name = sendablePath(path).replace(/(\.[^./]*)?$/, ` (${copy})$1`);
    byPath.set(name.toLowerCase(), { path: name, file });
  }
  const all = [...byPath.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
  return {
    entries: all.map(({ path, file }) => ({ path, size: file.size, modified: file.lastModified })),
    files: all.map(({ file }) => file),
  };
}

/** @param {FileList | null} list */
export function fromInput(list) {
  return picked([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/** @param {DataTransfer} data @returns {Promise<Picked>} */
export async function fromDrop(data) {
  // Asked for at once: after the first wait the browser has forgotten what was dropped.
  const roots = [...data.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @type {{ path: string, file: File }[]} */
  const found = [];
  for (const root of roots) {
    if (root instanceof File) found.push({ path: root.name, file: root });
    else if (root) await walk(root, found);
  }
  return picked(found);
}

/** @param {FileSystemEntry} entry @param {{ path: string, file: File }[]} found */
async function walk(entry, found) {
  if (found.length > MOST_FILES) return;
  const path = entry.fullPath.replace(/^\/+/, "");
  if (entry.isFile) {
    found.push({ path, file: await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)) });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const each of some) await walk(each, found);
  }
}
