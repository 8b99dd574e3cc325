// The articles nearest to a text in words: for questions, and for what no signature knows. Twin of checkpoint_clinic/nearest.py.

const ASKED = 400; // different words of a text that are searched for
const K1 = 8; // of BM25; with few articles, how often a word stands in each says more than usual
const B = 0.75;
const PRIOR = 20; // articles that are not there: with few, a word that only one holds would say too much
const FAINT = 0.25; // what a word counts that says nothing here, however few articles there are
const LEAST = 18; // the score below which one of two articles does not speak of a text; of many, a word says less
// What of that score is least, too, once it counts by the share of the text that an article holds: one rare word is none.
const FITS_QUESTION = 0.45;
const FITS_LOG = 2; // what a program printed names much by chance
const BESIDE = 0.5; // of the best one's, below which another article is not named beside it
const HELD = 0.4; // the share of a log's words that an article must hold: a long text shares some with any
const SAID = 0.66; // of the words of one printed line, by weight: what an article's messages must hold; its prose holds any library's
const LINES = 400; // of what was printed, the last of which are compared with messages
const SHORT = 120; // characters that a question has at most
const NEAREST = 3; // articles that are named

/** The articles by how well their texts fit a text in words: BM25 over words, and pairs of Chinese characters. */
export class Ranking {
  constructor(words) {
    this.ids = words.articles.map((article) => article.id);
    this.least = LEAST / Math.sqrt(Math.log2(Math.max(2, this.ids.length)));
    this.said = words.articles.map((article) => new Set(article.said ?? Object.keys(article.counts)));
    this.common = new Set(words.shared.common);
    this.same = new RegExp(words.shared.ways, "gu");
    this.canonical = words.shared.canonical;
    this.code = new RegExp(words.shared.code, "i");
    this.printed = new RegExp(words.shared.printed, "i");
    this.anywhere = new RegExp(words.shared.anywhere, "i");
    this.question = new RegExp(words.shared.question, "i");
    const lengths = [];
    this.gains = new Map(); // what a term counts in each article that holds it
    for (const [number, article] of words.articles.entries()) {
      const counts = Object.entries(article.counts);
      lengths.push(counts.reduce((sum, [, many]) => sum + many, 0));
      for (const [term, many] of counts) {
        if (!this.gains.has(term)) this.gains.set(term, []);
        this.gains.get(term).push([number, many]);
      }
    }
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const mean = total ? total / lengths.length : 1;
    const norms = lengths.map((length) => K1 * (1 - B + (B * length) / mean));
    for (const gains of this.gains.values()) {
      for (const one of gains) one[1] = (one[1] * (K1 + 1)) / (one[1] + norms[one[0]]);
    }
  }

  /** Return a text's words, those with underscores whole and in parts, and the pairs of neighbouring Chinese characters. */
  terms(text) {
    const found = [];
    for (const [term] of text.toLowerCase().replace(this.same, (way) => this.canonical[way]).matchAll(/[a-z0-9_]{2,}|[\u4e00-\u9fff]+/g)) {
      if (term >= "\u4e00") {
        if (term.length === 1) found.push(term);
        for (let start = 0; start + 1 < term.length; start += 1) found.push(term.slice(start, start + 2));
      } else {
        found.push(term);
        if (term.includes("_")) found.push(...term.split("_").filter((part) => part.length > 1));
      }
    }
    return found;
  }

  /** Return at most three articles, best first: id, score, and the share of the text's words, by weight, that it holds.
   *  One that shares too little with the text to speak of it is none of them; of what a program raised, a line has to be
   *  about one that the article's messages hold. */
  nearest(text) {
    const scores = new Float64Array(this.ids.length);
    const own = new Float64Array(this.ids.length);
    const held = new Float64Array(this.ids.length);
    let weight = 0;
    for (const term of [...new Set(this.terms(text))].slice(0, ASKED)) {
      const gains = this.gains.get(term) ?? [];
      const rarity =
        Math.log(1 + (PRIOR + this.ids.length - gains.length + 0.5) / (gains.length + 0.5)) *
        (this.common.has(term) ? FAINT : 1);
      const anywhere = this.anywhere.test(term);
      weight += rarity * (gains.length === 0 && term >= "\u4e00" ? FAINT : 1); // mostly the end of one word and the beginning of the next
      for (const [number, gain] of gains) {
        scores[number] += rarity * gain;
        own[number] += anywhere ? 0 : rarity * gain;
        held[number] += rarity;
      }
    }
    const best = [];
    for (const [number, exact] of scores.entries()) {
      const score = round(exact);
      if (!exact || (best.length === NEAREST && score <= best.at(-1).score)) continue;
      best.push({ number, score, share: round(held[number] / weight) });
      best.sort((a, b) => b.score - a.score || a.number - b.number).splice(NEAREST);
    }
    const printed = this.printed.test(text) && !this.asks(text);
    const [least, fits] = this.asks(text) ? [0, FITS_QUESTION] : [HELD, FITS_LOG];
    const found = [];
    let closest = 0;
    for (const { number, score, share } of best) {
      if (printed && this.line(text, number) < SAID) continue;
      const fit = round(own[number] * share);
      if (round(own[number]) < this.least || share < least || fit < Math.max(fits * this.least, BESIDE * closest)) continue;
      closest = Math.max(closest, fit);
      found.push({ article: this.ids[number], score, share });
    }
    return found;
  }

  /** Return the share of the words of one line, by weight, that an article's messages hold: of the line that fits best. */
  line(text, number) {
    let best = 0;
    for (const line of text.split("\n").slice(-LINES)) {
      let whole = 0;
      let held = 0;
      for (const term of new Set(this.terms(line).slice(0, ASKED))) {
        const weight = this.tells(term);
        whole += weight;
        if (this.said[number].has(term)) held += weight;
      }
      if (whole) best = Math.max(best, held / whole);
    }
    return round(best);
  }

  /** Return what a word weighs in a line: nothing if it stands in any log. */
  tells(term) {
    if (this.anywhere.test(term)) return 0;
    const many = this.gains.get(term)?.length ?? 0;
    const rarity = Math.log(1 + (PRIOR + this.ids.length - many + 0.5) / (many + 0.5));
    return rarity * (this.common.has(term) || (many === 0 && term >= "\u4e00") ? FAINT : 1);
  }

  /** Whether a text is a question in words: one short line that no program printed. */
  asks(text) {
    const line = text.replace(/^[ \n]+|[ \n]+$/g, "");
    return !line.includes("\n") && [...line].length <= SHORT && (this.question.test(line) || !this.code.test(line));
  }
}

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}
