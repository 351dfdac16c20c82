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
    this.copyAll.addEventListener("click", () => copyLinks(this.all.filter((each) => each.tile).map((each) => each.tile)));
    tray.querySelector("[data-action=close]").addEventListener("click", () => this.close());
    addEventListener("beforeunload", (event) => {
      if (this.all.some((each) => each.isPending)) event.preventDefault();
    });
  }

  add(files) {
    if (files.length === 0) return;
    for (const file of files) {
      const upload = new Upload(file, () => this.changed());
      this.all.push(upload);
      this.list.append(upload.row);
    }
    this.tray.hidden = false;
    this.list.lastElementChild.scrollIntoView({ block: "nearest" });
    this.changed();
  }

  /** Show what happened, and begin what waits. */
  changed() {
    for (const upload of this.all.filter((each) => each.tile && !each.isShown)) {
      upload.isShown = true;
      this.onStored(upload.tile);
    }
    const running = this.all.filter((each) => each.state === "running").length;
    this.all.filter((each) => each.state === "waiting").slice(0, AT_ONCE - running).forEach((each) => each.start());
    this.showTitle();
  }

  showTitle() {
    const stored = this.all.filter((each) => each.state === "stored").length;
    const failed = this.all.filter((each) => each.state === "failed").length;
    const isOver = !this.all.some((each) => each.isPending);
    const title = isOver
      ? `${stored} uploaded${failed ? `, ${failed} failed` : ""}`
      : `Uploading ${stored + failed + 1} of ${this.all.length}`;
    if (this.title.textContent !== title) this.title.textContent = title;
    this.copyAll.hidden = !isOver || stored < 2;
  }

  /** Hide the list, and forget what is over; what runs goes on. */
  close() {
    this.all.filter((each) => !each.isPending).forEach((each) => each.row.remove());
    this.all = this.all.filter((each) => each.isPending);
    this.tray.hidden = true;
  }
}

/** One file on its way. `state` is waiting, running, stored, failed or cancelled. */
class Upload {
  constructor(file, changed) {
    this.file = file;
    this.changed = changed;
    this.state = "waiting";
    this.tile = null;
    this.row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
    this.row.querySelector(".name").textContent = file.name || "Pasted picture";
    this.progress = this.row.querySelector("progress");
    this.progress.setAttribute("aria-label", `Progress of ${file.name || "the pasted picture"}`);
    this.button("cancel", "Cancel", () => this.cancel());
    this.button("retry", "Try again", () => this.retry());
    this.button("copy", "Copy the link", () => copyLinks([this.tile]));
    this.show("Waiting");
  }

  get isPending() {
    return this.state === "waiting" || this.state === "running";
  }

  button(action, label, act) {
    const button = this.row.querySelector(`[data-action=${action}]`);
    button.setAttribute("aria-label", `${label}: ${this.file.name || "pasted picture"}`);
    button.title = label;
    button.addEventListener("click", act);
  }

  /** XMLHttpRequest, because fetch tells nothing of an upload's progress. */
  start() {
    this.state = "running";
    this.show("0 %");
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", "/pictures");
    request.setRequestHeader("X-File-Name", encodeURIComponent(this.file.name ?? ""));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => this.showProgress(event));
    request.addEventListener("load", () => this.finish(request));
    request.addEventListener("error", () => this.fail(refusalOf(0, "").message));
    request.addEventListener("abort", () => this.end("cancelled", "Cancelled"));
    request.send(this.file);
  }

  showProgress(event) {
    if (this.state !== "running" || !event.lengthComputable) return;
    this.progress.value = event.total ? event.loaded / event.total : 0;
    this.show(event.loaded < event.total ? `${Math.floor((100 * event.loaded) / event.total)} %` : "Storing");
  }

  finish(request) {
    if (request.status !== 201) {
      this.fail(refusalOf(request.status, request.responseText).message);
      return;
    }
    const holder = document.createElement("template");
    holder.innerHTML = request.responseText;
    this.tile = holder.content.querySelector(".tile");
    this.progress.value = 1;
    this.end("stored", "Stored");
  }

  fail(message) {
    this.end("failed", message);
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
    this.row.querySelector(".state").textContent = text;
    this.row.classList.toggle("failed", this.state === "failed");
    this.row.querySelector("[data-action=cancel]").hidden = !this.isPending;
    this.row.querySelector("[data-action=retry]").hidden = this.state !== "failed" && this.state !== "cancelled";
    this.row.querySelector("[data-action=copy]").hidden = this.state !== "stored";
  }
}
