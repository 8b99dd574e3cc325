/* Both halves of a diagnosis, by signature and in words. Twin of checkpoint_clinic/diagnosis.py. */

import { named } from "./named.js";

/** Add to what a stream returned the nearest articles, whether it is a question, and the article that it only names. */
export function complete(diagnosis, ranking, articles) {
  const text = diagnosis.telling.join("\n");
  const name = diagnosis.findings.length ? null : named(text, articles);
  const nearest = name ? [{ article: name, score: 1, share: 1 }] : ranking.nearest(text);
  return { ...diagnosis, nearest, asked: Boolean(name) || ranking.asks(text), named: name };
}
