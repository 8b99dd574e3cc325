/* Reads a text or a file with the matcher, away from the page. A file is read in slices: memory does not grow with it.
   In:  {number, text | file, signatures, texts}     the addresses of signatures.json and words.json
   Out: {number, read, size} while it reads, then {number, diagnosis, printed} or {number, problem, detail}; printed is how
   the text begins and ends */

import { complete } from "./diagnosis.js";
import { Matcher } from "./match.js";
import { Ranking } from "./nearest.js";

const SLICE = 1 << 20; // bytes
const PROBED = 1 << 16; // bytes at the start that tell text from binary data
const HEAD = 4000; // characters that are kept of a log as they were printed
const TAIL = 12000;
const PAUSE = 100; // ms between two reports of progress

let matcher;
let ranking;

addEventListener("message", async ({ data: { number, text, file, signatures, texts } }) => {
  try {
    matcher ??= load(signatures, Matcher);
    const stream = (await matcher).stream();
    const answer = file ? await read(number, file, stream) : readText(text, stream);
    if (answer.diagnosis) {
      ranking ??= load(texts, Ranking);
      answer.diagnosis = complete(answer.diagnosis, await ranking, (await matcher).articles);
    }
    postMessage({ number, ...answer });
  } catch (error) {
    matcher = ranking = undefined;
    postMessage({ number, problem: "broken", detail: String(error?.message ?? error) });
  }
});

async function load(address, Kind) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status} ${new URL(address).pathname}`);
  return new Kind(await response.json());
}

function readText(text, stream) {
  if (!text.trim()) return { problem: "empty" };
  for (let at = 0; at < text.length; at += SLICE) stream.feed(text.slice(at, at + SLICE));
  return { diagnosis: stream.finish(), printed: ends(text.slice(0, HEAD), text.slice(HEAD).slice(-TAIL)) };
}

/* The whole of a short text; of a longer one both ends. */
function ends(head, tail) {
  return head + (tail.length === TAIL ? "\n" : "") + tail;
}

async function read(number, file, stream) {
  const start = new Uint8Array(await file.slice(0, PROBED).arrayBuffer());
  const encoding = encodingOf(start);
  if (!start.length) return { problem: "empty" };
  if (!encoding) return { problem: "binary" };
  const decoder = new TextDecoder(encoding);
  let blank = true;
  let [head, tail] = ["", ""];
  let reported = 0;
  for (let at = 0; at < file.size; at += SLICE) {
    const bytes = await file.slice(at, at + SLICE).arrayBuffer();
    const text = decoder.decode(bytes, { stream: at + SLICE < file.size });
    stream.feed(text);
    const room = HEAD - head.length;
    head += text.slice(0, room);
    tail = (tail + text.slice(room)).slice(-TAIL);
    blank &&= !text.trim();
    if (performance.now() - reported > PAUSE) {
      postMessage({ number, read: Math.min(at + SLICE, file.size), size: file.size });
      reported = performance.now();
    }
  }
  return blank ? { problem: "empty" } : { diagnosis: stream.finish(), printed: ends(head, tail) };
}

/* The encoding, or null for data that is no text. */
function encodingOf(bytes) {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le"; // what PowerShell's > writes
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const zeros = [0, 0]; // at even places, at odd places
  let odd = 0;
  bytes.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] += 1;
    else if (byte < 7 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)) odd += 1;
  });
  const half = bytes.length / 2;
  if (zeros[1] > 0.4 * half && zeros[0] < 0.05 * half) return "utf-16le";
  if (zeros[0] > 0.4 * half && zeros[1] < 0.05 * half) return "utf-16be";
  return zeros[0] + zeros[1] > 0.01 * bytes.length || odd > 0.05 * bytes.length ? null : "utf-8";
}
