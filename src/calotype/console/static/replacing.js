// A picture replaced by another file: the link stays, what it shows is new.

import { forget, Seen, waitForEdge } from "./edge_copy.js";
import { request } from "./requests.js";
import { say, warn } from "./toasts.js";
import { tileIn, Upload } from "./uploads.js";

const OVERTAKEN = 412;

export class Replacing {
  /** `input` is the file field by which the new file is chosen. */
  constructor(input, uploads, gallery, viewer) {
    Object.assign(this, { input, uploads, gallery, viewer });
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      if (files.length > 0) this.replace(this.tile, files);
    });
  }

  /** Ask for the file that is to stand in this one picture's place. */
  choose(tiles) {
    if (tiles.length > 1) say("Select one picture to replace it");
    if (tiles.length !== 1) return;
    [this.tile] = tiles;
    this.input.click();
  }

  replace(tile, files) {
    if (files.length === 1) this.uploads.queue(new Replacement(files[0], tile, this));
    else if (files.length > 1) warn(`Only one file can replace ${tile.dataset.name}. Nothing was changed.`);
  }

  /** The tile says what the bucket has now; what it draws follows with `redraw`. */
  update(tile, fresh) {
    this.gallery.update(tile, fresh);
    this.showInViewer(tile);
  }

  redraw(tile, fresh) {
    this.gallery.redraw(tile, fresh);
    this.showInViewer(tile);
  }

  showInViewer(tile) {
    if (this.viewer.isOpen && this.viewer.tile === tile) this.viewer.show(tile);
  }

  /** Somebody else was faster: show theirs, so that the next try is about what is seen. */
  async showNewer(tile) {
    try {
      const response = await request(`/picture?${new URLSearchParams({ key: tile.dataset.key })}`);
      const fresh = tileIn(await response.text());
      this.update(tile, fresh);
      await forget(urlOf(tile));
      this.redraw(tile, fresh);
    } catch (refusal) {
      warn(refusal.message);
    }
  }
}

/** One file on its way into the place of a picture, provided that this is still the one the page shows. */
class Replacement extends Upload {
  constructor(file, replaced, replacing) {
    super(file, `${replaced.dataset.name} from ${file.name || "the pasted picture"}`);
    this.replaced = replaced;
    this.replacing = replacing;
    this.isReplacement = true;
  }

  open(request) {
    const { key, etag } = this.replaced.dataset;
    request.open("PUT", `/picture?${new URLSearchParams({ key })}`);
    request.setRequestHeader("If-Match", `"${etag}"`);
  }

  async stored(fresh) {
    const { replaced, replacing } = this;
    this.tile = replaced;
    replacing.update(replaced, fresh);
    this.end("reaching", "Stored, reaching the edge");
    const seen = await waitForEdge(urlOf(replaced), this.file);
    replacing.redraw(replaced, fresh);
    this.end("stored", seen === Seen.FORMER ? "Stored, not yet at the edge" : "Replaced");
    if (seen === Seen.FORMER) warn(notSeen(replaced));
    else if (replacing.uploads.isHidden) say(`${replaced.dataset.name} is replaced`);
  }

  refused(refusal) {
    super.refused(refusal);
    if (refusal.status === OVERTAKEN) this.replacing.showNewer(this.replaced);
  }
}

function urlOf(tile) {
  return JSON.parse(tile.dataset.links).url;
}

function notSeen(tile) {
  return (
    `The new ${tile.dataset.name} is stored, but the edge still answers with something else. ` +
    "An edge that is not this site's own may need a purge, or may change pictures on their way."
  );
}
