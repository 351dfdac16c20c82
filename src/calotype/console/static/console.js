// The page's script: puts its parts together. Each module owns one part of the page.

import { Gallery } from "./gallery.js";
import { listenForFiles } from "./file_sources.js";
import { listenForKeys } from "./keys.js";
import { rememberFormat } from "./links.js";
import { Replacing } from "./replacing.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";

const gallery = new Gallery(document.getElementById("gallery"));
const viewer = new Viewer(document.getElementById("viewer"), gallery);
const uploads = new Uploads(document.getElementById("tray"), (tile) => gallery.addNewest(tile));

const replacing = new Replacing(document.getElementById("replacement"), uploads, gallery, viewer);

gallery.onOpen = (tile) => viewer.show(tile);
gallery.onReplace = viewer.onReplace = (tiles) => replacing.choose(tiles);
rememberFormat(document.getElementById("formats"));
listenForFiles((files) => uploads.add(files), viewer, (tile, files) => replacing.replace(tile, files));
listenForKeys(gallery, viewer);
