/* Around the theme's search worker (its file name comes in the address): what is typed or pasted is looked up by signature,
   then by words; what is typed, in the theme's index, too. The theme asks (type 2, a string) and hears (type 3, {items}); an item
   is a page and its sections: [{location, title, text, tags, score, terms}], where title and text are HTML.
   Zensical's worker is asked with an object and answers with numbers (see `ordered`); one that speaks otherwise is left alone. If the
   signatures cannot be read, the theme's own results appear. Nothing is asked of any host but this one, and nothing before the first query. */

(() => {
  const SETUP = 0;
  const QUERY = 2;
  const RESULT = 3;
  const TERMS = 16; // words that the theme's index is asked for
  const SECTIONS = 500; // that it may find: each is scored for each word, marked, and sent
  const COVERED = 0.5; // share of the query's words, by weight, that an article must have to stand first
  const ANSWERED = 0.2; // the same for a question: half of its words are only its own
  const PASTED = 60; // characters from which a line with these signs is taken for something that was printed
  const PRINTED = /[:=()[\]{}<>"`/\\|*]/;
  const QUESTION = /^\s*(?:are|can|could|do|does|how|i|is|my|should|what|when|where|which|who|why|will)\b|[?？]\s*$/i;
  const SPLIT = /[^\p{L}\p{N}]+/u;
  const COMMON = new Set("a an and are as at be by can do does for from how i if in into is it its my not of on or that the then this to was what when where which while why will with".split(" "));

  const address = new URL(self.location.href);
  const language = address.searchParams.get("language") === "zh" ? "zh" : "en";
  const root = new URL("../../../", address); // of this language's site
  const top = language === "zh" ? new URL("../", root) : root;
  const SAYS = {
    en: { resembles: "Looks like {0}, but is not", unknown: "Not known here", hint: "No known message was recognised in it. Paste the whole log on the Diagnose page{0}.", below: "; below is what is nearest in words" },
    zh: { resembles: "像 {0}，但不是", unknown: "没有收录", hint: "没有从里面认出收录的报错。可以到“诊断”页粘贴整份日志{0}。", below: "；下面是文字上最接近的页面" },
  }[language];

  /* ---- the theme's worker, with its listener and its voice in our hands ---- */

  const [post, listen] = [self.postMessage, self.addEventListener];
  const waiting = [];
  let theirs;
  self.postMessage = (message, ...rest) => {
    if (theirs && message?.type === RESULT && waiting.length) waiting.shift()(message.data);
    else post.call(self, message, ...rest);
  };
  self.addEventListener = (type, listener, ...rest) => {
    if (type === "message") theirs = listener;
    else listen.call(self, type, listener, ...rest);
  };
  importScripts(new URL(/^[\w.-]+\.js$/.exec(address.searchParams.get("theme") ?? "")[0], address).href);
  self.addEventListener = listen;
  theirs ??= self.onmessage; // as Zensical's listens
  self.onmessage = null;
  if (!theirs) {
    self.postMessage = post;
    return;
  }

  /* Its index, lunr's, scores, marks and sends each section that holds a word or its beginning: with thousands of articles most of
     them. So a query is given a smaller index: the sections that its rarest words find, up to a number, with all of its words. */
  function narrow({ Index, Query, TokenSet }) {
    const { query: search } = Index.prototype;
    Index.prototype.query = function (build) {
      const query = new Query(this.fields);
      build.call(query, query);
      const words = new Set(query.clauses.flatMap((clause) => this.tokenSet.intersect(TokenSet.fromClause(clause)).toArray()));
      const sectionsOf = (word) => this.fields.flatMap((field) => Object.keys(this.invertedIndex[word][field])); // titles first
      const rows = [...words].map((word) => [word, sectionsOf(word)]).sort((a, b) => a[1].length - b[1].length);
      const chosen = new Set();
      const invertedIndex = {};
      for (const [word, sections] of rows) {
        for (const section of sections) if (chosen.size < SECTIONS) chosen.add(section);
        const few = sections.length < SECTIONS ? sections.filter((section) => chosen.has(section)) : [...chosen];
        invertedIndex[word] = { ...this.invertedIndex[word] };
        for (const field of this.fields) {
          const all = invertedIndex[word][field];
          invertedIndex[word][field] = Object.fromEntries(few.filter((section) => section in all).map((section) => [section, all[section]]));
        }
      }
      return search.call(Object.create(this, { invertedIndex: { value: invertedIndex } }), build);
    };
  }
  if (self.lunr) narrow(self.lunr);

  const ask = (query) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      theirs({ data: { type: QUERY, data: query } });
    });

  /* ---- one query after the other; of those that wait only the last is answered ---- */

  let last = Promise.resolve();
  let newest = 0;
  let sections; // of Zensical's index: its answers are their numbers
  listen.call(self, "message", (event) => {
    const { type, data } = event.data ?? {};
    const isText = typeof data === "string";
    if (type === SETUP) sections = data.items?.map(({ location }) => location.replace(root.href, ""));
    if (type !== QUERY || !(isText || typeof data?.input === "string")) return theirs(event);
    const number = ++newest;
    last = last.then(async () => {
      if (number === newest) post.call(self, { type: RESULT, data: await (isText ? answer(data) : ordered(data)) });
    });
  });

  async function answer(query) {
    const text = query.replaceAll("\u2028", "\n");
    const known = text.trim() ? await signatures() : null;
    const stock = known && pasted(text) ? null : await ask(plain(text));
    try {
      return known ? { ...stock, items: merged(text, known, stock?.items ?? []) } : stock;
    } catch (error) {
      console.warn(error);
      return stock ?? ask(plain(text));
    }
  }

  /* The same for Zensical. It shows of a section what the page's own copy of the index holds: so an article is put first, but what we
     would say of it is not seen, nor is the page of the paste field offered, which is in no index. */
  async function ordered(query) {
    const text = query.input.replaceAll("\u2028", "\n");
    const isFiltered = Boolean(query.page || query.filter?.input?.data?.operands?.length);
    const known = text.trim() && sections && !isFiltered ? await signatures() : null;
    const stock = await ask(known && pasted(text) ? { ...query, input: "" } : query);
    try {
      return known ? { ...stock, ...placed(text, known, stock) } : stock;
    } catch (error) {
      console.warn(error);
      return stock;
    }
  }

  function placed(text, known, { items, pagination }) {
    const pages = new Map();
    for (const one of items) {
      const location = sections[one.id];
      const page = location.split("#")[0];
      pages.set(page, [...(pages.get(page) ?? []), { ...one, location, score: 0 }]);
    }
    const all = merged(text, known, [...pages.values()]).flat();
    const found = all.map(({ location, id = sections.indexOf(location), matches = [] }) => ({ id, matches })).filter(({ id }) => id >= 0);
    return { items: found, pagination: { ...pagination, total: pagination.total + found.length - items.length } };
  }

  /* Whether a text was printed by a program, and not typed: it has several lines, or is a long one with signs and no question. */
  function pasted(text) {
    const line = text.trim();
    return line.includes("\n") || (line.length >= PASTED && !inWords(line));
  }

  function inWords(line) {
    return QUESTION.test(line) || !PRINTED.test(line);
  }

  /* ---- what we know: read with the first query ---- */

  let loading;
  function signatures() {
    const read = (name) => fetch(new URL(name, top)).then((response) => (response.ok ? response.json() : Promise.reject(response.status)));
    const load = (name) => import(new URL(`assets/clinic/${name}`, root).href);
    loading ??= Promise.all([load("match.js"), load("nearest.js"), load("answer.js"), load("named.js"), read("signatures.json"), read("words.json")])
      .then(([{ Matcher }, { Ranking }, { Answer }, { named }, data, texts]) => {
        const articles = new Map(data.articles.map((article) => [article.id, article]));
        const answered = (diagnosis) => new Answer({ nearest: [], ...diagnosis }, data, language);
        return { matcher: new Matcher(data), ranking: new Ranking(texts), named: (text) => named(text, data.articles), answered, articles };
      })
      .catch((error) => {
        console.info(`The search goes on without signatures: ${error}`);
        return null;
      });
    return loading;
  }

  /* The query as plain words: no sign that the theme's parser would take for an operator. */
  function plain(text) {
    let found = [...new Set(text.slice(-20_000).split(SPLIT).filter(Boolean))];
    const long = found.filter((word) => word.length > 1 && !/^\d+$/.test(word));
    if (long.length) found = long;
    if (found.length > TERMS) found = found.filter((word) => !COMMON.has(word.toLowerCase())).slice(-TERMS);
    return found.map((word) => word.slice(0, 40)).join(" ");
  }

  /* Matches first, then look-alikes, then the nearest in words; then the theme's results without those. */
  function merged(text, { matcher, ranking, named, answered, articles }, items) {
    const diagnosis = matcher.diagnose(text);
    const { telling } = diagnosis;
    const said = answered(diagnosis);
    const name = said.findings.length ? null : named(telling.join("\n"));
    const nearest = name ? [{ article: name, share: 1 }] : ranking.nearest(telling.join("\n"));
    const groups = new Map(items.map((group) => [pageOf(group), group]));
    const first = new Map();
    for (const finding of said.findings) {
      const article = articles.get(finding.article);
      const key = `errors/${article.slug}/`;
      if (first.has(key)) continue;
      if (finding.kind === "match") {
        const { title, answer } = said.words(finding);
        first.set(key, [entry(key, title, [marked(finding.line), escaped(answer)])]);
      } else {
        const { means } = said.words(finding);
        first.set(key, [entry(key, SAYS.resembles.replace("{0}", article.id), [marked(finding.line), escaped(means)])]);
      }
    }
    if (!first.size && pasted(text)) {
      const hint = SAYS.hint.replace("{0}", nearest.length ? SAYS.below : "");
      first.set("diagnose/", [entry("diagnose/", SAYS.unknown, [escaped(hint)])]);
    }
    const enough = !text.trim().includes("\n") && inWords(text) ? ANSWERED : COVERED;
    for (const { article: id, share } of nearest) {
      const article = articles.get(id);
      const key = `errors/${article.slug}/`;
      if (first.has(key) || ((items.length || said.findings.length) && share < enough)) continue;
      first.set(key, groups.get(key) ?? [entry(key, article.title[language], [escaped(article.answer[language])])]);
    }
    const rest = items.filter((group) => !first.has(pageOf(group)));
    // The Enter key opens the page with the highest score: ours must have it, in their order.
    let above = Math.max(0, ...items.flat().map(({ score }) => score));
    const raised = [...first.values()].reverse().map((group) => {
      const highest = Math.max(...group.map(({ score }) => score));
      const lifted = group.map((one) => ({ ...one, score: one.score - highest + above + 1 }));
      above += 1;
      return lifted;
    });
    return [...raised.reverse(), ...rest];
  }

  const pageOf = (group) => group[0].location.split("#")[0];

  function entry(location, title, paragraphs) {
    return { location, title: escaped(title), text: paragraphs.map((html) => `<p>${html}</p>`).join(""), score: 0, terms: {} };
  }

  const marked = (line) => `<mark>${escaped(line.trim().slice(0, 200))}</mark>`;

  function escaped(text) {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  }
})();
