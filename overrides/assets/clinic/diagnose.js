/* The paste field, which checks/show/render.py writes (Pages.diagnose): what is typed, pasted, dropped or chosen goes to
   diagnose-worker.js, and what it found is shown. Whatever comes from outside becomes text, never markup. The only requests
   are for our own scripts, signatures.json and words.json. What was asked is kept for the tab: a reload loses nothing. */

import { Answer, grouped } from "./answer.js";
import { mask } from "./mask.js";

const PAUSE = 300; // ms after the last key
const LARGE = 200_000; // characters: a longer paste is read like a file and not put into the field, which would freeze
const LINE = 1000; // characters of a line that are shown
const LINKED = 600; // characters of a line that go into a link
const KEPT = "clinic-asked"; // in sessionStorage

const root = new URL("../../", import.meta.url); // of this language's site

for (const section of document.querySelectorAll(".clinic-diagnose")) start(section);

function start(section) {
  const { language } = section.dataset;
  const words = JSON.parse(section.dataset.words);
  const say = (key, ...values) => words[`ask ${key}`].replace(/\{(\d)\}/g, (_, index) => values[index]);
  const top = language === "zh" ? new URL("../", root) : root;
  const signatures = new URL("signatures.json", top).href;
  const texts = new URL("words.json", top).href;
  const form = section.querySelector("form");
  const field = form.querySelector("textarea");
  const chooser = form.querySelector("input[type=file]");
  const busy = form.querySelector(".clinic-busy");
  const summary = section.querySelector(".clinic-summary");
  const answer = section.querySelector(".clinic-answer");
  const said = node("span", { class: "clinic-said", role: "status" }); // beside the summary, which stays
  summary.after(said);

  let worker;
  let number = 0;
  let reading = null; // the file that is read, or null
  let pause;
  let known; // signatures.json
  let answered; // the answer that is shown

  /* ---- asking ---- */

  function ask(message, name = null) {
    clearTimeout(pause);
    if (reading) stop(); // a worker that is reading hears nothing
    number += 1;
    reading = name;
    section.setAttribute("aria-busy", "true");
    if (name) progress(0, message.file.size);
    worker ??= open();
    worker.postMessage({ number, signatures, texts, ...message });
  }

  function open() {
    const made = new Worker(new URL("diagnose-worker.js", import.meta.url), { type: "module" });
    made.addEventListener("message", ({ data }) => {
      if (data.number !== number) return; // the answer to an older question
      if (data.size) return progress(data.read, data.size);
      done();
      if (!data.problem && !field.value) keep({ diagnosis: data.diagnosis, printed: data.printed }); // of a file
      if (data.problem) tell(say(data.problem, data.detail ?? ""));
      else show(data).catch((error) => tell(say("broken", error.message)));
    });
    made.addEventListener("error", (event) => {
      stop();
      tell(say("broken", event.message ?? "Worker"));
    });
    return made;
  }

  function progress(read, size) {
    const million = (bytes) => (bytes / 1e6).toFixed(1);
    busy.hidden = false;
    busy.querySelector("progress").value = size ? read / size : 0;
    busy.querySelector("span").textContent = say("reading", reading, million(read), million(size));
  }

  function done() {
    reading = null;
    busy.hidden = true;
    section.removeAttribute("aria-busy");
  }

  function stop() {
    worker?.terminate();
    worker = undefined;
    number += 1;
    done();
  }

  function tell(sentence, ...parts) {
    summary.textContent = sentence;
    answer.replaceChildren(...parts);
  }

  function askText() {
    keep(field.value.trim() ? { text: field.value } : null);
    if (field.value.trim()) ask({ text: field.value });
    else {
      stop();
      tell("");
    }
  }

  function askFile(file, name) {
    keep(null);
    field.value = "";
    ask({ file }, name);
  }

  /* ---- what a person does ---- */

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return field.focus();
    askText();
    summary.scrollIntoView({ block: "nearest" });
  });
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(askText, PAUSE);
    if (location.hash) history.replaceState(null, "", location.pathname + location.search); // no longer what the link said
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= LARGE) return;
    event.preventDefault();
    askFile(new Blob([text]), say("pasted"));
  });
  chooser.addEventListener("change", fromChooser);
  busy.querySelector("button").addEventListener("click", () => {
    stop();
    tell(say("cancelled"));
    field.focus();
  });
  // Anywhere on the page: beside the field, the browser would open the file in place of the page.
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return; // text: the field takes it
      event.preventDefault();
      form.classList.toggle("clinic-over", type === "dragover");
      const [file] = type === "drop" ? event.dataTransfer.files : [];
      if (file) askFile(file, file.name);
    });
  }
  addEventListener("hashchange", fromLink);
  // What came before this script did: a link's text, a file chosen early, words typed early or kept by the browser.
  fromLink();
  if (chooser.files.length) fromChooser();
  else if (field.value.trim() && !number) askText();
  else if (!number && ["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type)) askAgain();

  function fromChooser() {
    if (chooser.files.length) askFile(chooser.files[0], chooser.files[0].name);
    chooser.value = ""; // the same file can be chosen again
  }

  function fromLink() {
    if (!location.hash.startsWith("#text=")) return;
    try {
      field.value = decodeURIComponent(location.hash.slice("#text=".length));
    } catch {
      return; // not one of our links
    }
    askText();
  }

  /* ---- what is kept while the tab is open ---- */

  function keep(asked) {
    try {
      if (asked) sessionStorage.setItem(KEPT, JSON.stringify(asked));
      else sessionStorage.removeItem(KEPT);
    } catch {
      // no room, or no right to it: then a reload loses it
    }
  }

  function askAgain() {
    try {
      const { text, ...found } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
      if (text) {
        field.value = text;
        askText();
      } else if (found.diagnosis) show(found).catch(() => keep(null));
    } catch {
      // nothing that we kept
    }
  }

  /* ---- answers ---- */

  async function show({ diagnosis, printed }) {
    const mine = number;
    known ??= await (await fetch(signatures)).json();
    if (mine !== number) return;
    answered = new Answer(diagnosis, known, language, printed);
    const { findings, nearest } = answered;
    const count = diagnosis.lines > 1 ? ` ${say("read", grouped(diagnosis.lines))}` : "";
    const ids = (list) => [...new Set(list.map(({ article }) => article))].join(words["ask comma"]);
    const matches = findings.filter(({ kind }) => kind === "match");
    const cards = findings.map((finding) => (finding.kind === "match" ? matchCard(finding) : lookalikeCard(finding)));
    if (matches.length) return tell(say("found", ids(matches)) + count, ...cards);
    const near = nearest.filter(({ article }) => !findings.some((one) => one.article === article));
    if (findings.length) return tell(say("resembles", ids(findings)) + count, ...cards, ...nearestPart(near), reportPart());
    if (diagnosis.asked) {
      const sentence = diagnosis.named ? say("named", diagnosis.named) : near.length ? say("closest", ids(near)) : say("unknown");
      const more = diagnosis.named ? [] : [node("p", {}, words["ask for more"])];
      return tell(sentence, ...near.map(({ article }) => nearCard(answered.articles.get(article))), ...more);
    }
    tell(say(near.length ? "unrecognised" : "unknown") + count, node("p", {}, say("none")), ...nearestPart(near), reportPart());
  }

  const page = (article) => new URL(`errors/${article.slug}/`, root).href;
  const toDo = (article) => node("a", { href: `${page(article)}#what-to-do`, class: "md-button md-button--primary" }, say("to article"));

  function heading(article, harm = article.harm) {
    return [
      node("h2", {}, node("a", { href: page(article) }, article.title[language])), // which begins with the id
      node("p", {}, node("span", { class: `clinic-harm clinic-harm--${harm}` }, words[`harm ${harm}`])),
    ];
  }

  function matchCard(finding) {
    const article = answered.articles.get(finding.article);
    const { harm, answer: sentence, says } = answered.words(finding);
    return card(
      ...heading(article, harm),
      node("p", {}, ...marked(sentence)),
      node("p", { class: "clinic-actions" }, toDo(article), ...share(finding, article)),
      ...says.map((text) => node("p", {}, ...marked(text))),
      ...evidence(finding),
      ...parts(finding),
    );
  }

  function lookalikeCard(finding) {
    const article = answered.articles.get(finding.article);
    const { title, means, see } = answered.words(finding);
    return card(
      node("h2", {}, say("looks like", article.id)),
      node("p", {}, ...marked(means)),
      ...evidence(finding),
      node(
        "p",
        {},
        node("a", { href: page(article) }, say("looks link", title)),
        ...(see?.startsWith("https://") ? [" · ", node("a", { href: see, rel: "noreferrer" }, words.see)] : []),
      ),
    );
  }

  const nearCard = (article) =>
    card(...heading(article), node("p", {}, ...marked(article.answer[language])), node("p", { class: "clinic-actions" }, toDo(article)));

  function nearestPart(near) {
    if (!near.length) return [];
    const items = near.map(({ article }) => answered.articles.get(article));
    return [
      node("p", {}, say("nearest")),
      node("ul", {}, ...items.map((article) => node("li", {}, node("a", { href: page(article) }, article.title[language]), ` (${words[`harm ${article.harm}`]})`))),
    ];
  }

  function evidence(finding) {
    const times = finding.count > 1 ? ` · ${say("times", grouped(finding.count))}` : "";
    return [
      node("p", { class: "clinic-where" }, say("where", grouped(finding.line_number)) + times),
      node("pre", { class: "clinic-message" }, node("code", { translate: "no" }, shorten(finding.line.trim(), LINE))),
    ];
  }

  function parts(finding) {
    const captured = Object.entries(answered.captured(finding));
    if (!captured.length) return [];
    const rows = captured.flatMap(([part, value]) => {
      const others = (finding.distinct[part] ?? 1) - 1;
      const [before, after] = others > 0 ? words["ask others"].split("{0}") : ["", ""];
      const code = node("code", { translate: "no" }, shorten(value, LINE / 2));
      return [node("dt", {}, answered.parts[part]?.[language] ?? part), node("dd", {}, before, code, after.replace("{1}", grouped(others)))];
    });
    return [node("dl", { class: "clinic-facts clinic-parts" }, ...rows)];
  }

  /* ---- what can be shared: masked, and only when a person copies it ---- */

  function share(finding, article) {
    const line = mask(around(finding.line.trim(), article.signatures.map(({ contains }) => contains), LINKED));
    const link = new URL(location.href);
    link.hash = `text=${encodeURIComponent(line)}`;
    return [copyButton(say("link"), () => link.href, say("link hint", line))];
  }

  function reportPart() {
    const lines = answered.report();
    const printed = lines.join("\n");
    const fence = "`".repeat(Math.max(3, ...(printed.match(/`+/g) ?? []).map((run) => run.length + 1)));
    const text = node("textarea", { rows: "10", spellcheck: "false", translate: "no", "aria-label": say("report label") });
    text.value = say("report body", printed, fence);
    const actions = node("p", { class: "clinic-actions" }, copyButton(say("copy"), () => text.value));
    const form = document.querySelector("meta[name=clinic-issues]")?.content;
    if (form?.startsWith("https://")) {
      const open = node("a", { class: "md-button", rel: "noreferrer", target: "_blank", href: form }, say("report open"));
      const fill = () => {
        const address = new URL(form);
        address.searchParams.set("title", say("report title", shorten(lines.at(-1) ?? "", 100)));
        address.searchParams.set("body", text.value);
        open.href = address.href;
      };
      open.addEventListener("click", fill); // with what the person has corrected
      open.addEventListener("auxclick", fill);
      actions.append(open);
    }
    return node("details", { class: "clinic-report" }, node("summary", {}, say("report")), node("p", {}, say("report hint")), text, actions);
  }

  function copyButton(label, text, hint = "") {
    const button = node("button", { type: "button", class: "md-button", ...(hint && { title: hint }) }, label);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text());
        button.textContent = say("copied");
        said.textContent = say("copied");
        setTimeout(() => {
          button.textContent = label;
          said.textContent = "";
        }, 2000);
      } catch {
        const shown = node("input", { readonly: "", "aria-label": label, value: text() }); // no right to the clipboard: to copy by hand
        button.replaceWith(shown);
        shown.select();
      }
    });
    return button;
  }
}

function card(...children) {
  return node("article", { class: "clinic-finding" }, ...children);
}

/* An element; its children are elements and texts, never markup. */
function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/* A sentence's parts, those between backticks as code. */
function marked(text) {
  return text.split("`").map((part, index) => (index % 2 ? node("code", {}, part) : part));
}

function shorten(text, length) {
  return text.length > length ? `${text.slice(0, length)} …` : text;
}

/* The part of a long line in which the message stands. */
function around(line, fixed, length) {
  const at = Math.max(0, ...fixed.map((text) => line.indexOf(text)));
  const from = Math.max(0, at - length / 2);
  return line.slice(from, from + length);
}
