/* A text that is nothing but an article's name: its id, its slug, or its address. Twin of checkpoint_clinic/named.py. */

const LONGEST = 1000; // characters of an address
const TOKEN = /^[ \t\r\n"'`<>()[\]]*([^ \t\r\n"'`<>()[\]]+)[ \t\r\n"'`<>()[\].,;:!?]*$/;
const TAIL = /[?#].*$/; // of an address: a claim, a section
const ENDING = /[.,;:!?]+$|\.(?:md|json|html)$/;

/** Return the id of the article that a text names; null if it says anything else. */
export function named(text, articles) {
  const token = text.length <= LONGEST ? TOKEN.exec(text) : null;
  if (!token) return null;
  const ids = new Map(articles.flatMap(({ id, slug }) => [id.toLowerCase(), slug].map((name) => [name, id])));
  const parts = token[1].replace(TAIL, "").split("/").reverse();
  return parts.map((part) => ids.get(part.replace(ENDING, "").toLowerCase())).find(Boolean) ?? null;
}
