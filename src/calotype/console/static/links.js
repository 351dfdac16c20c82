// Links in four formats, and the clipboard.

import { say, warn } from "./toasts.js";

export const FORMATS = ["url", "markdown", "html", "bbcode"];
const FORMAT_NAMES = { url: "URL", markdown: "Markdown", html: "HTML", bbcode: "BBCode" };
const STORED_AS = "calotype.format";

/** The format chosen in the bar. */
export function chosenFormat() {
  return document.querySelector("#formats input:checked").value;
}

/** Keep the choice over visits, where the browser allows it. */
export function rememberFormat(formats) {
  const stored = read();
  if (FORMATS.includes(stored)) formats.querySelector(`input[value=${stored}]`).checked = true;
  formats.addEventListener("change", () => {
    try {
      localStorage.setItem(STORED_AS, chosenFormat());
    } catch {
      // A browser without storage forgets the choice; nothing else depends on it.
    }
  });
}

function read() {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

/** Copy the links of these tiles, one a line, and say so. */
export async function copyLinks(tiles, format = chosenFormat()) {
  if (tiles.length === 0) return;
  const text = tiles.map((tile) => JSON.parse(tile.dataset.links)[format]).join("\n");
  if (!(await writeClipboard(text))) {
    warn("The browser did not let the page write to the clipboard.");
    return;
  }
  say(tiles.length === 1 ? `Link copied as ${FORMAT_NAMES[format]}` : `${tiles.length} links copied as ${FORMAT_NAMES[format]}`);
}

async function writeClipboard(text) {
  // Browsers offer the clipboard only to https and to localhost; a console on the home network has the old way.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused, for instance without focus: the old way may still work.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  const holder = document.querySelector("dialog[open]") ?? document.body;
  const focused = document.activeElement;
  holder.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
