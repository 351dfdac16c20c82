// The keyboard.

import { copyLinks, FORMATS } from "./links.js";

/** Keys of the page, of the grid and of the viewer; none is taken while something is typed or asked. */
export function listenForKeys(gallery, viewer) {
  const help = document.getElementById("help");
  document.getElementById("show-help").addEventListener("click", () => help.showModal());
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
    if (isAsked()) return;
    const act = viewer.isOpen ? viewerKey(viewer, gallery, event) : galleryKey(gallery, help, event);
    if (act) event.preventDefault();
  });
}

/** Whether the key was one of the viewer's. */
function viewerKey(viewer, gallery, event) {
  if (event.ctrlKey || event.metaKey) return false;
  if (event.key === "ArrowLeft") viewer.turn(-1);
  else if (event.key === "ArrowRight") viewer.turn(1);
  else if (event.key.toLowerCase() === "r") viewer.onReplace([viewer.tile]);
  else if (event.key === "Delete") viewer.delete();
  else return copyKey(event, [viewer.tile]);
  return true;
}

/** Whether the key was one of the grid's or the page's. */
function galleryKey(gallery, help, event) {
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== "a") return false;
    gallery.selectAll();
    return true;
  }
  if (event.target.matches?.("#formats input")) return false;
  if (gallery.move(event.key)) return true;
  if (event.key === "?") help.showModal();
  else if (event.key.toLowerCase() === "u") document.getElementById("files").click();
  else if (event.key === "Escape") gallery.clearSelection();
  else return tileKey(gallery, event);
  return true;
}

function tileKey(gallery, event) {
  const tile = document.activeElement?.closest(".tile");
  if (event.key.toLowerCase() === "x" && tile) gallery.toggle(tile);
  else if (event.key === " " && event.target.matches?.(".print")) gallery.toggle(tile);
  else if (event.key.toLowerCase() === "r") gallery.onReplace(gallery.targets);
  else if (event.key === "Delete") gallery.delete(gallery.targets);
  else return copyKey(event, gallery.targets);
  return true;
}

/** `c` copies in the chosen format, 1 to 4 in that format. */
function copyKey(event, tiles) {
  const format = FORMATS[Number(event.key) - 1];
  if (event.key.toLowerCase() !== "c" && !format) return false;
  copyLinks(tiles, format);
  return true;
}

function isTyping(target) {
  return target.matches?.("input:not([type=radio]), textarea, select");
}

function isAsked() {
  return document.querySelector("#confirm[open], #help[open]") !== null;
}
