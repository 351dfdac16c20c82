// The page's script: puts its parts together. Each module owns one part of the page.

import { Gallery } from "./gallery.js";
import { listenForFiles } from "./file_sources.js";
import { listenForKeys } from "./keys.js";
import { rememberFormat } from "./links.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";

const gallery = new Gallery(document.getElementById("gallery"));
const viewer = new Viewer(document.getElementById("viewer"), gallery);
const uploads = new Uploads(document.getElementById("tray"), (tile) => gallery.addNewest(tile));

gallery.onOpen = (tile) => viewer.show(tile);
rememberFormat(document.getElementById("formats"));
listenForFiles((files) => uploads.add(files));
listenForKeys(gallery, viewer);
