// The grid of pictures: which tile the keyboard is at, which are selected, and what is done to them.

import { copyLinks } from "./links.js";
import { request } from "./requests.js";
import { say, warn } from "./toasts.js";

export class Gallery {
  constructor(list) {
    this.list = list;
    this.onOpen = () => {};
    this.onReplace = () => {};
    this.bar = document.getElementById("selection");
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("focusin", (event) => this.makeCurrent(event.target.closest(".tile")));
    this.bar.addEventListener("click", (event) => this.barClicked(event));
    // A picture that cannot be drawn (gone, or of a kind this browser lacks) shows its name instead. The event
    // does not bubble, so it is caught on its way down.
    this.list.addEventListener("error", (event) => standIn(event.target), true);
    this.makeCurrent(this.tiles[0] ?? null);
  }

  get tiles() {
    return [...this.list.querySelectorAll(".tile")];
  }

  get selected() {
    return this.tiles.filter((tile) => tile.classList.contains("selected"));
  }

  /** What an action is about: the selected tiles, else the one at the keyboard. */
  get targets() {
    const selected = this.selected;
    if (selected.length > 0) return selected;
    const focused = document.activeElement?.closest(".tile");
    return focused ? [focused] : [];
  }

  clicked(event) {
    const tile = event.target.closest(".tile");
    if (event.target.closest(".older a")) {
      event.preventDefault();
      this.loadOlder(event.target.closest(".older"));
    }
    if (!tile) return;
    if (event.target.closest(".select")) this.toggle(tile);
    else if (event.target.closest(".copy")) this.copyOne(tile, event.target.closest(".copy"));
    else if (event.target.closest(".print")) this.printClicked(event, tile);
  }

  /** A plain click views; with Ctrl or in the midst of selecting it selects; the middle button opens a tab. */
  printClicked(event, tile) {
    if (event.button !== 0) return;
    event.preventDefault();
    if (event.shiftKey && this.anchor) this.selectRange(this.anchor, tile);
    else if (event.ctrlKey || event.metaKey) this.toggle(tile);
    else this.onOpen(tile);
  }

  async copyOne(tile, button) {
    await copyLinks([tile]);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 900);
  }

  /** One tile is in the Tab order; arrow keys go to the others. */
  makeCurrent(tile) {
    if (!tile || tile === this.current) return;
    if (this.current) setTabIndex(this.current, -1);
    setTabIndex(tile, 0);
    this.current = tile;
  }

  focus(tile) {
    if (!tile) return;
    this.makeCurrent(tile);
    tile.querySelector(".print").focus();
    tile.scrollIntoView({ block: "nearest" });
  }

  /** Move by an arrow key, Home or End; whether the key meant a move. */
  move(key) {
    const tiles = this.tiles;
    const at = tiles.indexOf(this.current);
    const isInside = this.list.contains(document.activeElement);
    const next = {
      ArrowLeft: () => tiles[at - 1],
      ArrowRight: () => tiles[at + 1],
      ArrowUp: () => neighbourInRow(tiles.slice(0, at).reverse(), tiles[at]),
      ArrowDown: () => neighbourInRow(tiles.slice(at + 1), tiles[at]),
      Home: () => tiles[0],
      End: () => tiles[tiles.length - 1],
    }[key];
    if (!next || tiles.length === 0) return false;
    this.focus(isInside ? next() : this.current);
    return true;
  }

  toggle(tile) {
    this.anchor = tile;
    mark(tile, !tile.classList.contains("selected"));
    this.showSelection();
  }

  selectRange(from, to) {
    const tiles = this.tiles;
    const [first, last] = [tiles.indexOf(from), tiles.indexOf(to)].sort((a, b) => a - b);
    tiles.slice(first, last + 1).forEach((tile) => mark(tile, true));
    this.showSelection();
  }

  selectAll() {
    this.tiles.forEach((tile) => mark(tile, true));
    this.showSelection();
  }

  clearSelection() {
    this.selected.forEach((tile) => mark(tile, false));
    this.showSelection();
  }

  showSelection() {
    const count = this.selected.length;
    this.bar.hidden = count === 0;
    this.bar.querySelector("[data-action=replace]").hidden = count !== 1;
    this.list.classList.toggle("selecting", count > 0);
    this.bar.querySelector(".selected-count").textContent = count ? `${count} selected` : "";
  }

  barClicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action === "copy") copyLinks(this.selected);
    if (action === "replace") this.onReplace(this.selected);
    if (action === "delete") this.delete(this.selected);
    if (action === "clear") {
      this.clearSelection();
      this.focus(this.current);
    }
  }

  /** Ask, delete, and take what is gone from the page. Resolves to whether anything was deleted. */
  async delete(tiles) {
    if (tiles.length === 0 || !(await confirmDeletion(tiles))) return false;
    const keys = tiles.map((tile) => tile.dataset.key);
    try {
      const response = await request("/pictures/delete", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ keys }),
      });
      return this.removeDeleted(tiles, await response.json());
    } catch (refusal) {
      warn(refusal.message);
      return false;
    }
  }

  removeDeleted(tiles, { deleted, failed }) {
    const gone = new Set(deleted);
    const next = neighbourOf(this.tiles, tiles.filter((tile) => gone.has(tile.dataset.key)));
    tiles.filter((tile) => gone.has(tile.dataset.key)).forEach((tile) => tile.remove());
    this.removeEmptyMonths();
    this.showSelection();
    this.changeCount(-gone.size);
    if (next && !document.querySelector("dialog[open]")) this.focus(next);
    if (gone.size > 0) say(gone.size === 1 ? "Deleted" : `${gone.size} pictures deleted`);
    for (const { message } of failed.slice(0, 3)) warn(message);
    return gone.size > 0;
  }

  removeEmptyMonths() {
    for (const month of this.list.querySelectorAll(".month")) {
      if (!month.nextElementSibling?.matches(".tile")) month.remove();
    }
  }

  /** A stored picture, first under its month. On a page of older ones it has no place. */
  addNewest(tile) {
    document.getElementById("empty")?.remove();
    this.changeCount(1);
    if (!("newest" in this.list.dataset)) return;
    const first = this.list.querySelector(".month");
    if (first?.dataset.month === tile.dataset.month) first.after(tile);
    else this.list.prepend(monthHeading(tile.dataset.month), tile);
    this.makeCurrent(this.current ?? tile);
  }

  /** What the bucket has under this name now. The tile stays where it is, with its focus and selection. */
  update(tile, fresh) {
    for (const name of ["etag", "about", "links"]) tile.dataset[name] = fresh.dataset[name];
    tile.querySelector(".caption").replaceChildren(...fresh.querySelector(".caption").cloneNode(true).childNodes);
  }

  /** Draw it anew, also where it could not be drawn before. */
  redraw(tile, fresh) {
    tile.querySelector(".print").replaceChildren(...fresh.querySelector(".print").childNodes);
  }

  changeCount(difference) {
    const count = document.getElementById("count");
    const total = Math.max(0, Number(count.dataset.count) + difference);
    count.dataset.count = total;
    // The size of all is known to the listing alone, so only the number is kept up until the page is loaded again.
    count.textContent = total === 0 ? "" : `${total.toLocaleString("en")} picture${total === 1 ? "" : "s"}`;
  }

  async loadOlder(row) {
    const link = row.querySelector("a");
    link.setAttribute("aria-busy", "true");
    try {
      const response = await request(`/pictures${new URL(link.href).search}`);
      this.append(row, await response.text());
    } catch (refusal) {
      warn(refusal.message);
    } finally {
      link.removeAttribute("aria-busy");
    }
  }

  append(row, html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const first = holder.content.querySelector(".month");
    const lastMonth = [...this.list.querySelectorAll(".month")].at(-1);
    if (first && lastMonth?.dataset.month === first.dataset.month) first.remove();
    const firstTile = holder.content.querySelector(".tile");
    row.replaceWith(holder.content);
    this.focus(firstTile);
  }
}

function mark(tile, isSelected) {
  tile.classList.toggle("selected", isSelected);
  tile.querySelector(".select").setAttribute("aria-pressed", String(isSelected));
}

function setTabIndex(tile, value) {
  for (const each of tile.querySelectorAll(".print, .round")) each.tabIndex = value;
}

/** Of tiles in order away from `tile`, the one of the next row that is nearest above or below it. */
function neighbourInRow(candidates, tile) {
  if (!tile) return undefined;
  const { top, left } = tile.getBoundingClientRect();
  const others = candidates.map((each) => ({ each, box: each.getBoundingClientRect() }));
  const row = others.find(({ box }) => Math.abs(box.top - top) > 2)?.box.top;
  const inRow = others.filter(({ box }) => row !== undefined && Math.abs(box.top - row) <= 2);
  inRow.sort((a, b) => Math.abs(a.box.left - left) - Math.abs(b.box.left - left));
  return inRow[0]?.each;
}

/** The tile that takes the focus when some are removed: the next that stays, else the last that does. */
function neighbourOf(tiles, removed) {
  const going = new Set(removed);
  const from = tiles.indexOf(removed[0]);
  return tiles.slice(from).find((tile) => !going.has(tile)) ?? tiles.slice(0, from).findLast((tile) => !going.has(tile));
}

function monthHeading(month) {
  const row = document.createElement("li");
  row.className = "month";
  row.dataset.month = month;
  const heading = document.createElement("h2");
  heading.textContent = month;
  row.append(heading);
  return row;
}

function standIn(image) {
  if (!image.matches?.(".print img")) return;
  const place = document.createElement("span");
  place.className = "stand-in";
  place.textContent = "Cannot be shown";
  image.replaceWith(place);
}

/** Resolves to whether the person said yes. */
function confirmDeletion(tiles) {
  const dialog = document.getElementById("confirm");
  const [title, text] = [dialog.querySelector("h2"), dialog.querySelector("#confirm-text")];
  title.textContent = tiles.length === 1 ? "Delete this picture?" : `Delete ${tiles.length} pictures?`;
  text.textContent =
    tiles.length === 1 ? `${tiles[0].dataset.name}: its link stops working.` : "Their links stop working.";
  dialog.showModal();
  return new Promise((resolve) => {
    // Not the dialog's close event: it comes later, when the next question may already be open.
    const listening = new AbortController();
    const answer = (isYes) => {
      listening.abort();
      resolve(isYes);
    };
    const { signal } = listening;
    dialog.addEventListener("submit", (event) => answer(event.submitter?.value === "yes"), { signal });
    dialog.addEventListener("cancel", () => answer(false), { signal });
  });
}
