/** Gives the user what has come: straight from the browser's disk to theirs, whatever its size. */

import { newFile } from "../../files/picked.js";
import { canPick } from "../../files/places.js";
import { h } from "../../ui/dom.js";

/** @typedef {import("../../files/store.js").Store} Store */
/** @typedef {import("../../files/transfer.js").Transfer} Transfer */

/** @param {Store} store @param {Transfer} transfer @param {number} file */
export async function saveOne(store, transfer, file) {
  const entry = transfer.entries[file];
  const blob = await store.read(transfer.id, file, entry);
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: entry.path.split("/").pop() ?? "file", hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // A large file is being copied for long after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10 * 60_000);
}

/** With their folders, into one that the user chooses; where the browser has no such dialog, one after the other. @param {Store} store @param {Transfer} transfer */
export async function saveAll(store, transfer) {
  if (!canPick.folder) {
    for (let file = 0; file < transfer.entries.length; file += 1) await saveOne(store, transfer, file);
    return;
  }
  /** @type {FileSystemDirectoryHandle} */
  const chosen = await /** @type {any} */ (globalThis).showDirectoryPicker({ mode: "readwrite" });
  for (const [file, entry] of transfer.entries.entries()) {
    const target = await (await newFile(chosen, entry.path)).createWritable();
    await (await store.read(transfer.id, file, entry)).stream().pipeTo(target);
  }
}
