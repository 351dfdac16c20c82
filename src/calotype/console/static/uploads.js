// The uploads: a few at a time, each with its progress, until all are stored or failed.

import { copyLinks } from "./links.js";
import { refusalOf } from "./requests.js";

const AT_ONCE = 3;

export class Uploads {
  /** `onStored` gets the tile of each stored picture. */
  constructor(tray, onStored) {
    this.tray = tray;
    this.list = tray.querySelector("ul");
    this.title = tray.querySelector("h2");
    this.copyAll = tray.querySelector("[data-action=copy-all]");
    this.onStored = onStored;
    this.all = [];
    this.copyAll.addEventListener("click", () => copyLinks(this.tiles));
    tray.querySelector("[data-action=close]").addEventListener("click", () => this.close());
    addEventListener("beforeunload", (event) => {
      if (this.all.some((each) => each.isPending)) event.preventDefault();
    });
  }

  add(files) {
    if (files.length === 0) return;
    this.queue(...files.map((file) => new Upload(file, file.name || "Pasted picture", this.onStored)));
  }

  queue(...uploads) {
    for (const upload of uploads) {
      upload.changed = () => this.changed();
      this.all.push(upload);
      this.list.append(upload.row);
    }
    // A modal dialog covers the page, so the list goes into the one that is open; the viewer gives it back.
    (document.querySelector("dialog[open]") ?? document.body).append(this.tray);
    this.tray.hidden = false;
    this.list.lastElementChild.scrollIntoView({ block: "nearest" });
    this.changed();
  }

  /** What is stored, each once: a picture may have been replaced more than once. */
  get tiles() {
    return [...new Set(this.all.filter((each) => each.tile).map((each) => each.tile))];
  }

  get isHidden() {
    return this.tray.hidden;
  }

  /** Show what happened, and begin what waits. */
  changed() {
    const running = this.all.filter((each) => each.state === "running").length;
    this.all.filter((each) => each.state === "waiting").slice(0, AT_ONCE - running).forEach((each) => each.start());
    this.showTitle();
  }

  showTitle() {
    const count = (isCounted) => this.all.filter(isCounted).length;
    const uploaded = count((each) => each.state === "stored" && !each.isReplacement);
    const replaced = count((each) => each.state === "stored" && each.isReplacement);
    const failed = count((each) => each.state === "failed");
    const isOver = !this.all.some((each) => each.isPending);
    const said = [[uploaded, "uploaded"], [replaced, "replaced"], [failed, "failed"]].filter(([number]) => number > 0);
    const title = isOver
      ? said.map((part) => part.join(" ")).join(", ") || "Nothing uploaded"
      : `Uploading ${uploaded + replaced + failed + 1} of ${this.all.length}`;
    if (this.title.textContent !== title) this.title.textContent = title;
    this.copyAll.hidden = !isOver || uploaded + replaced < 2;
  }

  /** Hide the list, and forget what is over; what runs goes on. */
  close() {
    this.all.filter((each) => !each.isPending).forEach((each) => each.row.remove());
    this.all = this.all.filter((each) => each.isPending);
    this.tray.hidden = true;
  }
}

/** The tile in an answer of the console. */
export function tileIn(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector(".tile");
}

/**
 * One file on its way. `state` is waiting, running, reaching (stored, but not yet seen at the edge), stored, failed or
 * cancelled.
 */
export class Upload {
  constructor(file, label, onStored) {
    this.file = file;
    this.label = label;
    this.onStored = onStored;
    this.changed = () => {};
    this.state = "waiting";
    this.tile = null;
    this.row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
    this.row.querySelector(".name").textContent = label;
    this.row.querySelector(".name").title = label;
    this.progress = this.row.querySelector("progress");
    this.progress.setAttribute("aria-label", `Progress of ${label}`);
    this.button("cancel", "Cancel", () => this.cancel());
    this.button("retry", "Try again", () => this.retry());
    this.button("copy", "Copy the link", () => copyLinks([this.tile]));
    this.show("Waiting");
  }

  get isPending() {
    return ["waiting", "running", "reaching"].includes(this.state);
  }

  button(action, label, act) {
    const button = this.row.querySelector(`[data-action=${action}]`);
    button.setAttribute("aria-label", `${label}: ${this.label}`);
    button.title = label;
    button.addEventListener("click", act);
  }

  /** XMLHttpRequest, because fetch tells nothing of an upload's progress. */
  start() {
    this.state = "running";
    this.show("0 %");
    const request = new XMLHttpRequest();
    this.request = request;
    this.open(request);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => this.showProgress(event));
    request.addEventListener("load", () => this.finish(request));
    request.addEventListener("error", () => this.refused(refusalOf(0, "")));
    request.addEventListener("abort", () => this.end("cancelled", "Cancelled"));
    request.send(this.file);
  }

  showProgress(event) {
    if (this.state !== "running" || !event.lengthComputable) return;
    this.progress.value = event.total ? event.loaded / event.total : 0;
    this.show(event.loaded < event.total ? `${Math.floor((100 * event.loaded) / event.total)} %` : "Storing");
  }

  open(request) {
    request.open("POST", "/pictures");
    request.setRequestHeader("X-File-Name", encodeURIComponent(this.file.name ?? ""));
  }

  finish(request) {
    this.progress.value = 1;
    if (request.status >= 200 && request.status < 300) this.stored(tileIn(request.responseText));
    else this.refused(refusalOf(request.status, request.responseText));
  }

  stored(tile) {
    this.tile = tile;
    this.onStored(tile);
    this.end("stored", "Stored");
  }

  refused(refusal) {
    this.end("failed", refusal.message);
  }

  cancel() {
    if (this.state === "running") this.request.abort();
    else this.end("cancelled", "Cancelled");
  }

  retry() {
    this.state = "waiting";
    this.progress.value = 0;
    this.show("Waiting");
    this.changed();
  }

  end(state, text) {
    this.state = state;
    this.show(text);
    this.changed();
  }

  show(text) {
    const state = this.row.querySelector(".state");
    const isFailed = this.state === "failed";
    // Said aloud when it is a reason, not for each per cent.
    if (isFailed) state.setAttribute("role", "alert");
    else state.removeAttribute("role");
    state.textContent = text;
    this.row.classList.toggle("failed", isFailed);
    this.row.querySelector("[data-action=cancel]").hidden = this.state !== "waiting" && this.state !== "running";
    this.row.querySelector("[data-action=retry]").hidden = !isFailed && this.state !== "cancelled";
    this.row.querySelector("[data-action=copy]").hidden = this.state !== "stored";
  }
}
