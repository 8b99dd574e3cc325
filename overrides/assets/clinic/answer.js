/* A diagnosis in words, as text: diagnose.js makes elements of it. Twin of checkpoint_clinic/answer.py. */

import { mask } from "./mask.js";
import { normaliser, trimSpaces } from "./normalise.js";

const REPORTED = 12; // lines of a report
const LAST = 5; // how many of them are the last of the log
const SHOWN = 400; // characters of each
const EMPTY = /^\W*$|^[\w ()[\]]+: *(?:<N\/A>)?$/; // rulers, and headings with nothing behind them
const LETTER = /[^\x00-\x7f]/;
const LINE_ENDS = /[\r\n]/;

/** A diagnosis, the dictionary of signatures that it was made with, and the language of its reader.
 *  `printed` is how the text begins and ends, as it was printed: the diagnosis has no Markdown signs. */
export class Answer {
  constructor(diagnosis, signatures, language, printed = "") {
    Object.assign(this, { diagnosis, language, printed, parts: signatures.parts });
    this.articles = new Map(signatures.articles.map((article) => [article.id, article]));
    this.shared = signatures.shared;
    this.findings = diagnosis.findings.filter((one) => !this.isSaidBetter(one));
    this.nearest = diagnosis.nearest.filter(({ article }) => this.articles.has(article));
  }

  /** Return what the article says of a finding: of this form of its message, where it says something else of it. */
  words(finding) {
    const article = this.articles.get(finding.article);
    const title = article.title[this.language];
    if (finding.kind === "lookalike") {
      const { means, see } = article.lookalikes[finding.lookalike];
      return { title, means: means[this.language], see: see ?? null };
    }
    const form = article.signatures[finding.signature];
    const answer = (form.answer ?? article.answer)[this.language];
    return { title, harm: form.harm ?? article.harm, answer, says: this.sentences(finding, form) };
  }

  /** Return a finding's variable parts as they are shown: a number without the zeros that a file's name puts before it. */
  captured({ captured }) {
    const shown = (name, value) => (this.parts[name]?.number && /^\d+$/.test(value) ? value.replace(/^0+(?=\d)/, "") : value);
    return Object.fromEntries(
      Object.entries(captured)
        .filter(([, value]) => value)
        .map(([name, value]) => [name, shown(name, value)]),
    );
  }

  /** Return the lines for a report, masked: those that speak of something wrong, the latest of them, and the last lines. */
  report() {
    const found = this.diagnosis.telling;
    const { clean, telling } = normaliser(this.shared);
    const split = (text) => clean(text).split(LINE_ENDS);
    const last = withContent(this.printed ? split(this.printed) : found).slice(-LAST);
    const wrong = withContent([...telling(found.join("\n"))]).filter((line) => !last.includes(line));
    const lines = [...wrong.slice(last.length - REPORTED), ...last];
    const printed = new Map();
    for (const raw of this.printed.split(LINE_ENDS)) {
      if (!raw.includes("\x1b")) for (const line of withContent([clean(raw)])) printed.set(line, raw);
    }
    return lines.map((line) => mask(start(trimSpaces(printed.get(line) ?? line))));
  }

  /** Whether it stands beside a finding of an article that knows more about the same text. */
  isSaidBetter(finding) {
    const article = this.articles.get(finding.article);
    const form = finding.kind === "match" ? article.signatures[finding.signature] : article.lookalikes[finding.lookalike];
    const unless = form.unless ?? [];
    return this.diagnosis.findings.some(({ article }) => unless.includes(article));
  }

  /** Return the sentences whose every part is known. */
  sentences(finding, { says = [] }) {
    const values = new Map([["count", grouped(finding.count)], ...Object.entries(this.captured(finding))]);
    for (const [name, count] of Object.entries(finding.distinct)) values.set(`distinct.${name}`, grouped(count));
    const place = /\{([\w.]+)\}/g;
    return says
      .map((one) => one[this.language])
      .filter((one) => [...one.matchAll(place)].every(([, name]) => values.has(name)))
      .map((one) => one.replace(place, (_, name) => values.get(name)));
  }
}

/** Return a number as it is read. */
export function grouped(number) {
  return number.toLocaleString("en");
}

const start = (text) => [...text.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");

/* Return the lines that say something, each once, no longer than is shown. */
function withContent(lines) {
  const found = new Set(lines.map((line) => start(trimSpaces(line))));
  return [...found].filter((line) => LETTER.test(line) || !EMPTY.test(line));
}
