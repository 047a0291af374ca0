/** Which files: by the browser's own dialog, a folder, or what is dropped, folders with all that is in them. */

import { MOST_FILES, sendablePath } from "../../files/manifest.js";

/** @typedef {import("../../files/manifest.js").Entry} Entry */

/**
 * `handles`: by which the browser finds the same files again after the page was closed; none where it gives none.
 * @typedef {{ entries: Entry[], files: File[], handles: FileSystemHandle[] }} Picked
 * @typedef {{ path: string, file: File }[]} Found
 */

/** @type {Picked} */
export const NOTHING = { entries: [], files: [], handles: [] };

/** @param {Found} found @param {FileSystemHandle[]} [handles] @returns {Picked} */
export function picked(found, handles = []) {
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
    handles,
  };
}

/** @param {FileList | null} list */
export function fromInput(list) {
  return picked([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/** By the dialog that gives handles, where the browser has it; else by `input`. Null where the user has closed it, or `input` tells. @param {boolean} folder @param {HTMLInputElement} input @returns {Promise<Picked | null>} */
export async function fromDialog(folder, input) {
  const { showOpenFilePicker: files, showDirectoryPicker: directory } = /** @type {any} */ (globalThis);
  if (folder ? !directory : !files) {
    input.click();
    return null;
  }
  try {
    return await fromHandles(folder ? [await directory()] : await files({ multiple: true }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

/** What was picked earlier. Has to be called by a click: the user is asked. Null where the user does not want it. @param {FileSystemHandle[]} handles @returns {Promise<Picked | null>} */
export async function again(handles) {
  for (const handle of handles) {
    // Not every browser that has handles asks.
    const permission = await /** @type {any} */ (handle).requestPermission?.({ mode: "read" });
    if (permission && permission !== "granted") return null;
  }
  return fromHandles(handles);
}

/** @param {FileSystemHandle[]} handles */
async function fromHandles(handles) {
  /** @type {Found} */
  const found = [];
  for (const handle of handles) await walkHandle(handle, "", found);
  return picked(found, handles);
}

/** @param {FileSystemHandle} handle @param {string} before @param {Found} found */
async function walkHandle(handle, before, found) {
  if (found.length > MOST_FILES) return;
  const path = before + handle.name;
  if (handle.kind === "file") found.push({ path, file: await /** @type {FileSystemFileHandle} */ (handle).getFile() });
  else for await (const each of /** @type {any} */ (handle).values()) await walkHandle(each, `${path}/`, found);
}

/** @param {DataTransfer} data @returns {Promise<Picked>} */
export async function fromDrop(data) {
  // Asked for at once: after the first wait the browser has forgotten what was dropped.
  const items = [...data.items].filter(({ kind }) => kind === "file");
  const roots = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const asked = items.map((item) => /** @type {any} */ (item).getAsFileSystemHandle?.());
  const handles = asked.every(Boolean) ? await Promise.all(asked).catch(() => []) : [];
  if (handles.length && handles.every(Boolean)) return fromHandles(handles);
  /** @type {Found} */
  const found = [];
  for (const root of roots) {
    if (root instanceof File) found.push({ path: root.name, file: root });
    else if (root) await walk(root, found);
  }
  return picked(found);
}

/** @param {FileSystemEntry} entry @param {Found} found */
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
