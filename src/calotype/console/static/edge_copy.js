// What the edge gives out for a link, past the browser's own cache of it.

const FIRST_WAIT_MS = 150;
const LONGEST_WAIT_MS = 1500;
const GIVE_UP_MS = 12000;
// The origin has the edge purged within a second.
const PURGED_WITHIN_MS = 1500;
const COMPARED_AT_ONCE = 1 << 20;

/** What came of waiting: the edge gives out the file, it still gives out another, or its answers cannot be read here. */
export const Seen = { NEW: "new", FORMER: "former", UNKNOWN: "unknown" };

/**
 * Wait until the edge gives out this file at the link. Bytes are compared, since a browser lets pages of one origin
 * read another's pictures, where it allows so, but not their ETag. The browser's cache is renewed on the way.
 */
export async function waitForEdge(url, file) {
  const giveUp = performance.now() + GIVE_UP_MS;
  for (let wait = FIRST_WAIT_MS; performance.now() < giveUp; wait = Math.min(wait * 1.6, LONGEST_WAIT_MS)) {
    const given = await contentOf(url);
    if (given === undefined) return waitUnseeing(url);
    if (given !== null && (await areEqual(given, file))) return Seen.NEW;
    await pause(wait);
  }
  return Seen.FORMER;
}

/** Make the browser forget what it kept of the link: what is drawn next is what the edge gives out now. */
export async function forget(url) {
  const afterTheHead = new AbortController();
  try {
    // As an <img> asks, so that also an edge without Access-Control-Allow-Origin is asked; the content is not needed.
    await fetch(url, { cache: "reload", mode: "no-cors", credentials: "include", signal: afterTheHead.signal });
  } catch {
    // The edge does not answer; the picture will say so when it is drawn.
  }
  afterTheHead.abort();
}

async function waitUnseeing(url) {
  await pause(PURGED_WITHIN_MS);
  await forget(url);
  return Seen.UNKNOWN;
}

/** The link's content as a Blob, null for an answer without success, undefined when this page may not read it. */
async function contentOf(url) {
  try {
    const response = await fetch(url, { cache: "reload", credentials: "omit" });
    return response.ok ? await response.blob() : null;
  } catch {
    return undefined;
  }
}

async function areEqual(one, other) {
  if (one.size !== other.size) return false;
  for (let start = 0; start < one.size; start += COMPARED_AT_ONCE) {
    const parts = [one, other].map((each) => each.slice(start, start + COMPARED_AT_ONCE).arrayBuffer());
    const [ours, theirs] = (await Promise.all(parts)).map((buffer) => new Uint8Array(buffer));
    if (ours.some((byte, at) => byte !== theirs[at])) return false;
  }
  return true;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
