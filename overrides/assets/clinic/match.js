/* STUB of the twin of checks/match.py, with its API only: whole lines, no wrapping, no prefixes. To be replaced. */

const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]/g;

export class Matcher {
  constructor(signatures) {
    this.articles = signatures.articles.map((article) => ({
      ...article,
      rules: article.signatures.map((rule) => ({ ...rule, expression: new RegExp(rule.pattern) })),
      words: words(JSON.stringify([article.message, article.title, article.answer, article.text])),
    }));
  }

  diagnose(text) {
    const stream = this.stream();
    stream.feed(text);
    return stream.finish();
  }

  stream() {
    return new Stream(this.articles);
  }
}

class Stream {
  constructor(articles) {
    Object.assign(this, { articles, rest: "", lines: 0, found: new Map(), seen: "" });
  }

  feed(text) {
    const lines = (this.rest + text).split(/\r\n|[\r\n]/);
    this.rest = lines.pop();
    for (const line of lines) this.line(line);
    this.seen = (this.seen + text).slice(-4000);
  }

  line(raw) {
    this.lines += 1;
    const line = raw.replace(ANSI, "");
    for (const article of this.articles) {
      for (const rule of article.rules) {
        const match = line.includes(rule.contains) && rule.expression.exec(line);
        if (match) this.add(article, "match", 0, line, rule.priority ?? 0, { ...match.groups });
      }
      (article.lookalikes ?? []).forEach((look, index) => {
        if (line.includes(look.contains)) this.add(article, "lookalike", index, line, 0, {});
      });
    }
  }

  add(article, kind, lookalike, line, priority, captured) {
    const key = `${article.id} ${kind} ${lookalike}`;
    const first = this.found.get(key);
    const finding = first ?? { article: article.id, kind, line, line_number: this.lines, count: 0, captured, distinct: {}, lookalike, priority, parts: {} };
    this.found.set(key, finding);
    finding.count += 1;
    for (const [part, value] of Object.entries(captured)) {
      (finding.parts[part] ??= new Set()).add(value);
      finding.distinct[part] = finding.parts[part].size;
    }
  }

  finish() {
    if (this.rest) this.line(this.rest);
    const findings = [...this.found.values()].map(({ parts, ...finding }) => finding);
    findings.sort((a, b) => (a.kind > b.kind ? -1 : a.kind < b.kind ? 1 : b.priority - a.priority || a.line_number - b.line_number));
    const asked = words(this.seen);
    const nearest = this.articles
      .map((article) => ({ article: article.id, score: [...asked].filter((word) => article.words.has(word)).length }))
      .filter(({ score }) => score)
      .sort((a, b) => b.score - a.score)
      .slice(0, 3);
    return { findings, nearest, lines: this.lines };
  }
}

function words(text) {
  return new Set(text.toLowerCase().match(/[a-z][a-z0-9]{2,}|[\u4e00-\u9fff]{2}/g) ?? []);
}
