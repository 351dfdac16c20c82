// One picture, large, with its neighbours a key away.

import { copyLinks } from "./links.js";

export class Viewer {
  constructor(dialog, gallery) {
    this.dialog = dialog;
    this.gallery = gallery;
    this.onReplace = () => {};
    this.figure = dialog.querySelector("figure");
    const press = (id, act) => document.getElementById(id).addEventListener("click", act);
    press("viewer-close", () => dialog.close());
    press("viewer-previous", () => this.turn(-1));
    press("viewer-next", () => this.turn(1));
    press("viewer-replace", () => this.onReplace([this.tile]));
    press("viewer-delete", () => this.delete());
    for (const button of dialog.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", () => copyLinks([this.tile], button.dataset.copy));
    }
    dialog.addEventListener("close", () => this.closed());
  }

  get isOpen() {
    return this.dialog.open;
  }

  show(tile) {
    this.tile = tile;
    const { url } = JSON.parse(tile.dataset.links);
    document.getElementById("viewer-name").textContent = tile.dataset.name;
    document.getElementById("viewer-about").textContent = tile.dataset.about;
    document.getElementById("viewer-open").href = url;
    this.figure.replaceChildren(contentOf(tile, url));
    document.getElementById("viewer-previous").disabled = !this.neighbour(-1);
    document.getElementById("viewer-next").disabled = !this.neighbour(1);
    if (!this.dialog.open) this.dialog.showModal();
  }

  neighbour(step) {
    const tiles = this.gallery.tiles;
    return tiles[tiles.indexOf(this.tile) + step];
  }

  turn(step) {
    const next = this.neighbour(step);
    if (next) this.show(next);
  }

  async delete() {
    const next = this.neighbour(1) ?? this.neighbour(-1);
    if (!(await this.gallery.delete([this.tile]))) return;
    if (next) this.show(next);
    else this.dialog.close();
  }

  closed() {
    this.figure.replaceChildren();
    document.body.append(...this.dialog.querySelectorAll(":scope > .tray"));
    const { tile } = this;
    if (tile?.isConnected) this.gallery.focus(tile);
  }
}

function contentOf(tile, url) {
  if (tile.dataset.kind === "image") return imageOf(tile, url);
  if (tile.dataset.kind === "video") {
    const video = document.createElement("video");
    video.src = url;
    video.controls = true;
    return video;
  }
  const text = document.createElement("p");
  text.textContent = "This kind of file cannot be shown here. Its link works all the same.";
  return text;
}

function imageOf(tile, url) {
  const image = document.createElement("img");
  image.alt = tile.dataset.name;
  image.classList.toggle("drawing", tile.dataset.name.toLowerCase().endsWith(".svg"));
  image.addEventListener("error", () => {
    const text = document.createElement("p");
    text.textContent = "The picture did not come through. The edge or the origin may be down, or it was deleted.";
    image.replaceWith(text);
  });
  image.src = url;
  return image;
}
