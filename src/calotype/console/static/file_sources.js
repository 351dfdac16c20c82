// Where files come from: chosen, dropped anywhere on the page, or pasted. Dropped on the open viewer, one replaces.

import { say, warn } from "./toasts.js";

/** Call `add` with each batch of files, or `replace` with the tile and the files dropped on its picture. */
export function listenForFiles(add, viewer, replace) {
  listenForChoice(add);
  listenForDrops(add, viewer, replace);
  listenForPastes(add);
}

function listenForChoice(add) {
  const input = document.getElementById("files");
  for (const id of ["choose", "choose-first"]) {
    document.getElementById(id)?.addEventListener("click", () => input.click());
  }
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
}

function listenForDrops(add, viewer, replace) {
  const overlay = document.getElementById("drop");
  // Entering a child fires dragenter before the parent's dragleave, so entries are counted.
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const end = () => {
    depth = 0;
    overlay.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    if (overlay.hidden) showOverlay(overlay, viewer);
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) end();
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    end();
    const files = withoutFolders(event.dataTransfer);
    if (viewer.isOpen) replace(viewer.tile, files);
    else add(files);
  });
}

function showOverlay(overlay, viewer) {
  overlay.querySelector("p").textContent = viewer.isOpen ? `Drop to replace ${viewer.tile.dataset.name}` : "Drop to add";
  (viewer.isOpen ? viewer.dialog : document.body).append(overlay);
  overlay.hidden = false;
}

function withoutFolders(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile());
  if (files.length < items.length) warn("Folders are not taken. Open the folder and drop the pictures in it.");
  return files.filter((file) => file !== null);
}

function listenForPastes(add) {
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) {
      say("The clipboard holds no picture");
      return;
    }
    event.preventDefault();
    add(files);
  });
}
