// Pasted text -> the articles whose message it holds, and what only looks like one.
// Twin of checkpoint_clinic/match.py and found.py, function by function; the same vectors run through both. Offsets count UTF-16 units here.

import { normaliser, trimSpaces } from "./normalise.js";

const BLOCK = 1 << 17; // characters that are looked at together
const PIECE = 4096; // a longer line is cut into pieces of this many characters
const BEHIND = 8; // lines around a literal part to which a wrapped message may extend
const AHEAD = 8;
const WINDOWS = [[0, 0], [0, 1], [0, 2], [0, 4], [1, 0], [1, 1], [2, 2], [4, 4], [BEHIND, AHEAD]]; // in the order in which they are tried
const MISSES = 50; // near misses after which only the line itself is tried; after four times as many, nothing
const NEAR = 600; // characters around a literal part in which the pattern is run
const FEW = 500; // occurrences of one message that are looked at closely; the others are only counted
const SHOWN = 400; // characters of a line that are quoted
const HEAD = 4000; // characters: a shorter text is searched in words whole
const WIDTHS = [80, 100, 120, 132, 160, 200]; // of terminals
const TELLING = 40; // lines that are kept for the search in words
const MARKS = 2; // runs of letters of a literal part for which lines are looked through

const CUT = /[\w.]$/;
const NAME = /^\w+\.\w+\.[\w.]+$/;
const COMMA = /,(?=\d)/g; // a shape that lost its space where it was wrapped

/** A literal part to look for, in small letters, and whose it is: which signature or look-alike of which article. */
class Needle {
  constructor(article, kind, number, one) {
    const literal = one.contains.toLowerCase();
    Object.assign(this, { article, kind, number, literal, pattern: one.pattern ?? "", priority: one.priority ?? 0 });
    this.notAfter = (one.not_after ?? []).map((end) => end.toLowerCase());
    this.beginsLine = one.begins_line ?? false;
    this.squeezed = this.literal.replaceAll(" ", "");
    this.runs = [...new Set(this.literal.match(/[a-z]{4,}/g))];
    const whole = [...this.literal.matchAll(/[a-z_]{2,}/g)].filter(
      (found) => found.index > 0 && found.index + found[0].length < this.literal.length,
    );
    this.words = [...new Set(whole.map((found) => found[0]))].sort();
    this.mustHold = this.words.length - (this.words.length > 2 ? 1 + Math.floor(this.literal.length / 40) : 0);
  }

  /** Whether the message can stand after this text of its line. */
  mayFollow(preceding) {
    return !(this.beginsLine && preceding) && !this.notAfter.some((end) => preceding.toLowerCase().endsWith(end));
  }

  /** The pattern; the literal part itself where there is none. */
  get compiled() {
    const escaped = this.literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll(" ", " ?");
    return (this.expression ??= new RegExp(this.pattern.replaceAll("(?P<", "(?<") || escaped, "giu"));
  }
}

/** The signatures, ready to be looked for. */
export class Matcher {
  constructor(signatures) {
    this.articles = signatures.articles;
    this.text = normaliser(signatures.shared);
    this.needles = this.articles.flatMap((article, number) =>
      ["signatures", "lookalikes"].flatMap((kind) =>
        (article[kind] ?? []).map((one, place) => new Needle(number, kind, place, one)),
      ),
    );
    this.always = [...this.needles.keys()].filter((number) => !this.needles[number].words.length);
    const frequency = new Map();
    for (const needle of this.needles) for (const word of needle.words) frequency.set(word, (frequency.get(word) ?? 0) + 1);
    this.keys = new Map(); // a bit for each needle: with thousands, the fastest way to count to two
    this.single = 0n; // a bit for each needle for which one word is enough to look closer
    for (const [number, needle] of this.needles.entries()) {
      const rarest = [...needle.words].sort((a, b) => frequency.get(a) - frequency.get(b) || (a < b ? -1 : 1));
      const [bit, several] = [1n << BigInt(number), needle.mustHold > 1];
      if (!several) this.single |= bit;
      for (const word of rarest.slice(0, rarest.length - needle.mustHold + (several ? 2 : 1))) {
        this.keys.set(word, (this.keys.get(word) ?? 0n) | bit);
      }
    }
    const shared = new Map();
    for (const { runs } of this.needles) for (const run of runs) shared.set(run, (shared.get(run) ?? 0) + 1);
    this.marks = this.needles.map((needle) => marksOf(needle, shared));
  }

  /** Return the signatures of the same article that say more: those before a signature, all before a look-alike. */
  before(number) {
    const { article } = this.needles[number];
    const before = [];
    for (let one = number - 1; one >= 0 && this.needles[one].article === article; one -= 1) {
      if (this.needles[one].kind === "signatures") before.push(one);
    }
    return before;
  }

  /** Return the numbers of the needles that a text, in small letters, could hold by its words, in their order. */
  candidates(text) {
    const words = new Set(text.match(/[a-z_]{2,}/g));
    let [once, twice] = [0n, 0n];
    for (const word of words) {
      const bits = this.keys.get(word);
      if (!bits) continue;
      twice |= once & bits;
      once |= bits;
    }
    const bits = (twice | (once & this.single)).toString(2);
    const near = [];
    for (let at = bits.indexOf("1"); at >= 0; at = bits.indexOf("1", at + 1)) near.push(bits.length - 1 - at);
    const held = near.filter((number) => {
      const needle = this.needles[number];
      return needle.words.filter((word) => words.has(word)).length >= needle.mustHold;
    });
    return [...held, ...this.always].sort((a, b) => a - b);
  }

  /** Return something to feed a text to, piece by piece. */
  stream() {
    return new Stream(this);
  }

  /** Return the diagnosis of a text. */
  diagnose(text) {
    const stream = this.stream();
    stream.feed(text);
    return stream.finish();
  }
}

/** A text that arrives in pieces. Its memory does not grow with the text: a block, and a bounded number of occurrences. */
class Stream {
  constructor(matcher) {
    this.matcher = matcher;
    this.found = new Map();
    this.rest = "";
    this.lines = []; // those that are looked at together, and the number of each in the text
    this.numbers = [];
    this.breaks = 0; // line ends so far, and whether something followed the last one
    this.inside = false;
    this.dropped = 0; // how many lines there were before `lines`
    this.fresh = 0; // the first of `lines` in which no occurrence was looked for yet
    this.head = ""; // how the text begins, and the first and the latest of its telling lines
    this.telling = [];
    this.latest = "";
    this.misses = new Map(); // how often a needle's literal part stood there and the pattern did not agree
  }

  /** Take the next piece of the text. */
  feed(piece) {
    const text = this.rest + piece;
    let start = 0;
    while (text.length - start > BLOCK) {
      let end = text.lastIndexOf("\n", start + BLOCK - 1) + 1;
      if (end <= start) end = text.lastIndexOf("\r", start + BLOCK - 1) + 1;
      if (end <= start) end = start + BLOCK; // one long line
      this.take(text.slice(start, end));
      start = end;
    }
    this.rest = text.slice(start);
  }

  /** Return the diagnosis of all that was fed. */
  finish() {
    this.take(this.rest);
    this.look(this.lines.length);
    const short = !this.breaks || this.head.length < HEAD;
    const telling = short ? this.head.split("\n").filter((line) => trimSpaces(line)) : this.tellingLines();
    return {
      findings: this.findings(),
      lines: this.breaks + (this.inside ? 1 : 0),
      telling: telling.slice(0, TELLING).map((line) => line.slice(0, SHOWN)),
    };
  }

  /** Add a block's lines, and look at all but the last few. */
  take(block) {
    const text = this.matcher.text.clean(block);
    if (this.head.length < HEAD) this.head += text.slice(0, HEAD - this.head.length).replaceAll("\r", "\n");
    if (this.telling.length < TELLING / 2) {
      for (const line of this.matcher.text.telling(text)) {
        this.telling.push(line);
        if (this.telling.length >= TELLING / 2) break;
      }
    }
    this.latest = text || this.latest;
    const lines = text.split("\n");
    for (const [place, line] of lines.entries()) {
      for (const part of line.includes("\r") ? line.split("\r") : [line]) {
        for (let at = 0; at < Math.max(part.length, 1); at += PIECE) {
          this.lines.push(part.length > PIECE ? part.slice(at, at + PIECE) : part);
          this.numbers.push(this.breaks + 1 + place);
        }
      }
    }
    this.breaks += lines.length - 1;
    this.inside = lines[lines.length - 1] !== "";
    this.look(Math.max(this.fresh, this.lines.length - AHEAD));
  }

  /** Return the first telling lines of the text and the latest, for the search in words. */
  tellingLines() {
    return [...new Set([...this.telling, ...[...this.matcher.text.telling(this.latest)].slice(-TELLING / 2)])];
  }

  /** Look for occurrences that begin in the lines from `fresh` to `end`, then forget the lines that are done with. */
  look(end) {
    const text = this.lines.join("\n").toLowerCase();
    const candidates = this.matcher.candidates(text);
    if (candidates.length) new Block(this, end, text, candidates).search(candidates);
    const drop = Math.max(0, end - BEHIND);
    this.lines.splice(0, drop);
    this.numbers.splice(0, drop);
    this.dropped += drop;
    this.fresh = end - drop;
  }

  /** Return one finding for each article's message and each look-alike that is nobody's message. */
  findings() {
    const { needles } = this.matcher;
    const numbers = [...this.found.keys()].sort((a, b) => a - b);
    const matches = new Map();
    for (const number of numbers.filter((one) => needles[one].kind === "signatures")) {
      const [needle, found] = [needles[number], this.found.get(number)];
      const first = matches.get(needle.article);
      const own = found.spans.filter((span) => !first || !overlaps(span, first.spans));
      if (first) first.add(found, own, needle.priority);
      else if (own.length) {
        matches.set(needle.article, found);
        Object.assign(found, { priority: needle.priority, signature: needle.number });
      }
    }
    const taken = [...matches.values()].flatMap((found) => found.spans).sort(compareSpans);
    const findings = [...matches].map(([article, found]) => [
      { ...this.finding(article, "match", found), signature: found.signature },
      found.priority,
    ]);
    for (const number of this.lookalikes(numbers, taken)) {
      const needle = needles[number];
      const finding = this.finding(needle.article, "lookalike", this.found.get(number));
      findings.push([{ ...finding, lookalike: needle.number }, 0]);
    }
    const rank = ([finding, priority]) => [finding.kind === "match" ? 0 : 1, -priority, finding.line_number];
    return findings.sort((a, b) => compare(rank(a), rank(b))).map(([finding]) => finding);
  }

  /** The look-alikes that are nobody's message; of an article's own, the one written first where several stand. */
  lookalikes(numbers, taken) {
    const [own, said, shown] = [new Map(), new Set(), []];
    for (const number of numbers) {
      const [needle, found] = [this.matcher.needles[number], this.found.get(number)];
      if (needle.kind !== "lookalikes" || found.spans.some((span) => overlaps(span, taken))) continue;
      const before = own.get(needle.article) ?? [];
      const free = found.spans.filter((span) => !overlaps(span, before));
      own.set(needle.article, [...before, ...free].sort(compareSpans));
      const means = `${needle.article} ${this.matcher.articles[needle.article].lookalikes[needle.number].means?.en ?? number}`;
      if (free.length && !said.has(means)) shown.push(number);
      if (free.length) said.add(means);
    }
    return shown;
  }

  finding(article, kind, found) {
    return {
      article: this.matcher.articles[article].id,
      kind,
      line: found.line,
      line_number: found.number,
      count: found.count,
      captured: found.captured,
      distinct: Object.fromEntries(
        [...found.distinct].filter(() => found.count <= found.spans.length).map(([name, values]) => [name, values.size]),
      ),
    };
  }
}

/** The occurrences of one message: how many, the first, and where those are that were looked at closely. */
class Found {
  constructor(line, number, captured) {
    Object.assign(this, { line, number, captured, count: 0, priority: 0, signature: 0, spans: [], distinct: new Map() });
  }

  /** Count one occurrence. */
  occurrence(span, captured) {
    this.count += 1;
    this.spans.push(span);
    for (const [name, value] of Object.entries(captured)) this.values(name).add(value);
  }

  /** Return the different values of a variable part. */
  values(name) {
    if (!this.distinct.has(name)) this.distinct.set(name, new Set());
    return this.distinct.get(name);
  }

  /** Count the occurrences that only another signature of the same article knows; the first says how the message looks. */
  add(other, own, priority) {
    this.count += own.length;
    this.priority = Math.max(this.priority, priority);
    this.spans = [...this.spans, ...own].sort(compareSpans);
    if (!own.length) return;
    for (const [name, values] of other.distinct) for (const value of values) this.values(name).add(value);
  }
}

/** The lines of a stream that are looked at together, as bodies, and as one text in small letters without spaces. */
class Block {
  constructor(stream, end, text, candidates) {
    Object.assign(this, { stream, end, prefixes: new Map() });
    this.bodies = stream.lines.map(() => "");
    const squeezed = stream.lines.map(() => "\n"); // of a line that no message can touch
    for (const line of this.near(text, candidates.map((number) => stream.matcher.marks[number]))) {
      this.bodies[line] = stream.matcher.text.body(stream.lines[line], this.prefix(line));
      squeezed[line] = this.bodies[line].replaceAll(" ", "").toLowerCase();
    }
    this.text = squeezed.join("");
    this.starts = [0];
    for (const line of squeezed) this.starts.push(this.starts[this.starts.length - 1] + line.length);
  }

  /** Return the lines that hold a mark of a needle, and those around them that may belong to the same record. */
  near(text, marks) {
    const { lines } = this.stream;
    if (marks.some((several) => !several.length)) return lines.keys();
    const starts = [0];
    for (const line of lines) starts.push(starts[starts.length - 1] + line.length + 1);
    const near = new Set();
    for (const mark of new Set(marks.flat())) {
      let at = text.indexOf(mark);
      while (at >= 0) {
        const line = lastAtMost(starts, at);
        near.add(line);
        at = text.indexOf(mark, starts[line + 1]);
      }
    }
    for (const line of [...near].sort((a, b) => a - b)) {
      for (const step of [-1, 1]) {
        let other = line;
        for (let count = 0; count < BEHIND + AHEAD; count += 1) {
          other += step;
          if (near.has(other) || other < 0 || other >= lines.length || this.beginsRecord(Math.max(other, other - step))) break;
          near.add(other);
        }
      }
    }
    return near;
  }

  /** Return what stands before a line's body. */
  prefix(line) {
    if (!this.prefixes.has(line)) this.prefixes.set(line, this.stream.matcher.text.prefixOf(this.stream.lines[line]));
    return this.prefixes.get(line);
  }

  /** Look for the needles, an article's signatures in their order. */
  search(candidates) {
    const [begin, end] = [this.starts[this.stream.fresh], this.starts[this.end]];
    for (const number of candidates) {
      const needle = this.stream.matcher.needles[number];
      const better = this.stream.matcher.before(number).map((one) => this.stream.found.get(one)).filter(Boolean);
      if (better.some((found) => found.spans.length >= FEW)) continue; // then less telling forms are not looked for
      let start = this.text.indexOf(needle.squeezed, begin);
      while (start >= 0 && start < end) {
        const found = this.stream.found.get(number);
        if (found && found.spans.length >= FEW) {
          found.count += this.text.slice(start, end + needle.squeezed.length - 1).split(needle.squeezed).length - 1;
          break;
        }
        if ((this.stream.misses.get(number) ?? 0) > 4 * MISSES) break;
        if (!better.some((found) => overlaps(this.place(start), found.spans))) this.occurrence(number, needle, start);
        start = this.text.indexOf(needle.squeezed, start + needle.squeezed.length);
      }
    }
  }

  /** Return the place of one character in the whole text. */
  place(start) {
    const line = this.lineOf(start);
    const at = [line + this.stream.dropped, start - this.starts[line]];
    return [at, [at[0], at[1] + 1]];
  }

  /** Look closely at one place where the literal part stands, and keep it if the pattern agrees. */
  occurrence(number, needle, start) {
    const misses = this.stream.misses.get(number) ?? 0;
    const located = this.locate(needle, start, misses < MISSES ? WINDOWS : WINDOWS.slice(0, 1));
    if (!located) {
      this.stream.misses.set(number, misses + 1);
      return;
    }
    const { first, shown, captured, span } = located;
    const { found } = this.stream;
    if (!found.has(number)) found.set(number, new Found(shown, this.stream.numbers[first], captured));
    found.get(number).occurrence(span, captured);
  }

  /** Run the pattern on the line of the literal part, then on more lines around it, joined as before they were wrapped. */
  locate(needle, start, windows) {
    const first = this.lineOf(start);
    const end = start + needle.squeezed.length;
    const last = this.lineOf(end - 1);
    const above = start - this.starts[first] < NEAR; // more lines could say more
    const below = this.starts[last + 1] - end < NEAR;
    const tried = new Set();
    for (const [before, after] of windows) {
      let [top, bottom] = [this.reach(first, -1, above ? before : 0), this.reach(last, 1, below ? after : 0)];
      const wide = (before || after) && this.starts[bottom + 1] - this.starts[top] > 2 * PIECE;
      if (wide || tried.has(`${top} ${bottom}`)) continue;
      tried.add(`${top} ${bottom}`);
      let found = this.match(needle, start, top, bottom);
      if (!found) continue;
      for (let nearer = first; nearer > top; nearer -= 1) {
        const shorter = this.match(needle, start, nearer, bottom); // no line more than the message needs
        if (!shorter) continue;
        [top, found] = [nearer, shorter];
        break;
      }
      while (this.continues(needle, top, bottom, ...found)) {
        const longer = this.match(needle, start, top - 1, bottom);
        if (!longer) break;
        [top, found] = [top - 1, longer];
      }
      const preceding = found[0].input.slice(0, found[0].index).replace(/[ '"]+$/, "");
      return needle.mayFollow(preceding) ? this.describe(...found) : null;
    }
    return null;
  }

  /** Return the line so many further up or down, or the last one on the way that is no new record. */
  reach(from, step, many) {
    let line = from;
    for (let count = 0; count < many; count += 1) {
      const lower = step < 0 ? line : line + 1; // the line that would continue the one above it
      if (line + step < 0 || line + step >= this.bodies.length || this.beginsRecord(lower)) break;
      line += step;
    }
    return line;
  }

  /** Whether a logger began this line; one whose rows all carry the same prefix was wrapped before it got it. */
  beginsRecord(line) {
    const { text } = this.stream.matcher;
    const prefix = this.prefix(line);
    return text.beginsRecord(prefix) && !(line && prefix === this.prefix(line - 1));
  }

  /** Return the line in which a character of the text without spaces stands. */
  lineOf(place) {
    return lastAtMost(this.starts, place);
  }

  /** Return the pattern's longest match around the literal part in these lines, and how many characters stand before it.

      The lines are joined with nothing between them, and with a space where one of two had a space at the break. */
  match(needle, place, top, bottom) {
    const start = place - this.starts[top];
    const end = start + needle.squeezed.length;
    let best = null;
    for (const text of new Set([this.joined(top, bottom, ""), this.joined(top, bottom, " ")])) {
      let [left, right] = [0, text.length];
      if (right > 2 * NEAR) [left, right] = [Math.max(0, indexOf(text, start) - NEAR), indexOf(text, end - 1) + 1 + NEAR];
      const before = squeezedLength(text, left);
      for (const match of text.slice(left, right).matchAll(needle.compiled)) {
        if (before + squeezedLength(match.input, match.index + match[0].length) < end) continue;
        const fits = before + squeezedLength(match.input, match.index) <= start;
        if (fits && (!best || length(match) > length(best[0]))) best = [match, this.starts[top] + before];
        break;
      }
    }
    return best;
  }

  /** Return lines as one, as before they were wrapped; `space` stands where one of two lines has a space at the break. */
  joined(top, bottom, space) {
    let text = this.bodies[top];
    for (let number = top + 1; number <= bottom; number += 1) {
      const breaks = this.stream.lines[number - 1].endsWith(" ") || this.prefix(number).endsWith(" ");
      text += (breaks ? space : "") + this.bodies[number];
    }
    return text.replace(/ {2,}/g, " ");
  }

  /** Whether a match that begins with a variable part at a line's beginning is the rest of one cut in the line before. */
  continues(needle, top, bottom, match, before) {
    const begin = match.input.slice(0, match.index);
    if (!["", "."].includes(begin) || before !== this.starts[top] || !needle.pattern.startsWith("(")) return false;
    if (top === 0 || this.beginsRecord(top)) return false;
    const above = this.bodies[top - 1];
    if (!CUT.test(above) || this.text.slice(this.starts[top - 1], this.starts[top]).includes(needle.squeezed)) return false;
    return begin === "." || above.endsWith(".") || NAME.test(above) || this.isFull(top - 1, bottom);
  }

  /** Whether a line is as long as a terminal is wide, by the lines below it that belong together, or else around it. */
  isFull(line, bottom) {
    const lengths = (from, to) => this.stream.lines.slice(from, to).map((row) => row.length);
    const [width] = lengths(line, line + 1);
    const rows = lengths(line + 1, bottom + 1);
    if (rows.length > 1) return width === Math.max(...rows);
    const near = lengths(Math.max(0, line - 19), line + 21);
    const twice = near.filter((other) => other === width).length > 1;
    return width >= 20 && width === Math.max(...near) && (twice || WIDTHS.includes(width));
  }

  /** Return the line on which a match begins, what is quoted of it, its variable parts and its place. */
  describe(match, before) {
    const begin = before + squeezedLength(match.input, match.index);
    const finish = before + squeezedLength(match.input, match.index + match[0].length);
    const [first, last] = [this.lineOf(begin), this.lineOf(finish - 1)];
    const given = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
    const captured = Object.fromEntries(given.map(([name, value]) => [name, tidy(value)]));
    const line = this.stream.lines[first];
    const { text } = this.stream.matcher;
    const rank = text.rankOf(this.prefix(first));
    if (!("rank" in captured) && rank) captured.rank = rank;
    const shown = first === last ? trimSpaces(line) : match.input;
    const { dropped } = this.stream;
    const span = [[first + dropped, begin - this.starts[first]], [last + dropped, finish - this.starts[last]]];
    return { first, shown: shown.length > SHOWN ? excerpt(match) : shown, captured, span };
  }
}

/** Return the runs of letters of which some line holds one whole, wherever it was wrapped; none if there are not two. */
function marksOf(needle, shared) {
  const order = (a, b) => shared.get(b) - shared.get(a) || b.length - a.length || (a < b ? -1 : 1);
  return needle.runs.length > 1 ? [...needle.runs].sort(order).slice(0, MARKS) : [];
}

/** Return a variable part with the spaces that a shape has. */
function tidy(value) {
  return trimSpaces(value.replaceAll("[ ", "[").replaceAll(" ]", "]")).replace(COMMA, ", ");
}

/** Return the place of the last of some ascending numbers that is at most this one. */
function lastAtMost(numbers, most) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (most < numbers[middle]) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

/** Return how many characters of a match are no spaces. */
function length(match) {
  return match[0].replaceAll(" ", "").length;
}

/** Return how many characters of text[:end] are no spaces. */
function squeezedLength(text, end) {
  return text.slice(0, end).replaceAll(" ", "").length;
}

/** Return where the character stands before which there are so many that are no spaces. */
function indexOf(text, squeezed) {
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (squeezedLength(text, middle + 1) < squeezed + 1) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the part of a long line around a match. */
function excerpt(match) {
  const start = Math.max(0, match.index - SHOWN / 4);
  const text = match.input.slice(start, start + SHOWN);
  return (start ? "…" : "") + text + (start + SHOWN < match.input.length ? "…" : "");
}

/** Compare lists of numbers, or of such lists, item by item. */
function compare(one, other) {
  for (const [place, item] of one.entries()) {
    const order = Array.isArray(item) ? compare(item, other[place]) : item - other[place];
    if (order) return order;
  }
  return 0;
}

function compareSpans(one, other) {
  return compare(one, other);
}

/** Whether a span shares a character with one of the sorted spans. */
function overlaps(span, spans) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareSpans(span, spans[middle]) < 0) high = middle;
    else low = middle + 1;
  }
  return spans
    .slice(Math.max(0, low - 1), low + 1)
    .some((one) => compare(one[0], span[1]) < 0 && compare(span[0], one[1]) < 0);
}
