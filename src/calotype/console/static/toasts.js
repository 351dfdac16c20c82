// Short messages. Errors stay until they are clicked or long enough to be read.

const SHOWN_MS = 2500;
const ERROR_SHOWN_MS = 12000;

/** Tell what was done. */
export function say(text) {
  show(document.getElementById("toasts"), text, SHOWN_MS, true);
}

/** Tell what went wrong. */
export function warn(text) {
  show(document.getElementById("errors"), text, ERROR_SHOWN_MS, false);
}

function show(place, text, shownMs, replaces) {
  if (replaces) place.replaceChildren();
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  toast.addEventListener("click", () => toast.remove());
  // A modal dialog covers the page, so the message goes into the one that is open.
  (document.querySelector("dialog[open]") ?? document.body).append(place);
  place.append(toast);
  setTimeout(() => toast.remove(), shownMs);
}
