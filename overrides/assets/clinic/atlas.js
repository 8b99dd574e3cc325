/* The load atlas, which checks/show/atlas_page.py writes: a cell opens to all that was seen in it, a way can be shown alone, and
   what is installed at the reader's is looked up. Its words stand on the page; the only request is for atlas.json, when it is
   first needed. Whatever comes from outside becomes text, never markup. What is typed stays here. */

const sections = [...document.querySelectorAll(".clinic-atlas[data-words]")];
const first = sections[0];
const words = first ? JSON.parse(first.dataset.words) : {};
const language = first?.dataset.language;
const top = first ? new URL(first.dataset.top, location.href.split("#")[0]) : null;
const say = (key, ...values) => words[`atlas ${key}`].replace(/\{(\d)\}/g, (_, index) => values[index]);
const [comma, colon] = language === "zh" ? ["、", "："] : [", ", ": "];
const WORST = ["silent", "error", "unknown", "exact"];
const LOADED = "transformers";

let asked; // the data, asked for once

function data() {
  asked ??= fetch(new URL("atlas/atlas.json", top)).then(async (answer) => {
    if (!answer.ok) throw new Error(`${answer.status}`);
    const found = await answer.json();
    const by = (list, name) => new Map(list.map((one) => [one[name], one]));
    const key = ({ architecture, way, environment }) => `${architecture} ${way} ${environment}`;
    return {
      ...found,
      way: by(found.ways, "id"),
      architecture: by(found.architectures, "id"),
      environment: by(found.environments, "name"),
      cell: new Map(found.cells.map((one) => [key(one), one])),
    };
  });
  asked.catch(() => (asked = undefined)); // a later click tries again
  return asked;
}

function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const coded = (text) => text.split("`").map((part, index) => (index % 2 ? node("code", {}, part) : part));

const sign = (kind) => node("span", { class: `clinic-atlas-key ${kind}` }, say(kind === "none" ? "not run" : kind));

/* ---- a cell opens ---- */

const dialog = node("dialog", { class: "clinic-atlas-dialog", "aria-labelledby": "clinic-atlas-title" });

function told(cell) {
  if (cell.of) return say("of", cell.differ, cell.of);
  if (cell.unused) return say("left", cell.unused);
  return cell.renamed ? say("renamed", cell.renamed) : "";
}

/* The neighbours of a cell that are told as one, as the table has them: as many as its columns, it is the last. */
function run(found, way, name, size) {
  const { environments } = found.way.get(way);
  const last = environments.indexOf(name);
  return environments.slice(last - size + 1, last + 1);
}

const label = (found, name) => Object.values(found.environment.get(name).varies).join(" · ") || name;

function logs(architecture, names, found, way) {
  const recorded = names.map((name) => found.cell.get(`${architecture} ${way} ${name}`)?.recorded ?? "");
  const days = new Set(recorded);
  const items = names.map((name, index) => {
    const address = new URL(`evidence/atlas/${way}@${name}.txt`, top).href;
    return node("li", {}, node("a", { href: address }, label(found, name)), days.size > 1 ? ` ${recorded[index]}` : "");
  });
  const heading = node("h3", {}, say("logs"), days.size > 1 ? "" : ` · ${recorded[0]}`);
  return [heading, node("ul", { class: "clinic-atlas-logs" }, ...items)];
}

/* A bundle has one environment; two releases, one below the other, are laid out by the project alone. */
function repeat(architecture, name, way, isTwo) {
  const bundle = node("a", { href: new URL(`downloads/${name}.zip`, top).href, download: "" }, `${name}.zip`);
  const [before, after] = say("bundle", "\n").split("\n");
  const lines = `python3 -m zipfile -e ${name}.zip ${name} &&\ncd ${name} && sh run.sh ${way} ${architecture}`;
  const fetched = [node("p", {}, before, bundle, after), node("pre", {}, node("code", {}, lines))];
  return [
    ...(isTwo ? [] : fetched),
    node("p", {}, say("clone")),
    node("pre", {}, node("code", {}, `clinic run atlas --environment ${name} --again`)),
  ];
}

function fill(found, way, architecture, names) {
  const name = names.at(-1);
  const cell = found.cell.get(`${architecture} ${way} ${name}`);
  const one = found.architecture.get(architecture);
  const releases = [...new Set([names[0], name])].map((each) => label(found, each)).join(" – ");
  const versions = Object.entries(found.environment.get(name).packages).map((pair) => pair.join(" "));
  dialog.replaceChildren(
    node("button", { type: "button" }, say("close")),
    node("h2", { id: "clinic-atlas-title", tabindex: "-1" }, `${one.title} · ${found.way.get(way).words[language]} · ${releases}`),
    node("p", {}, sign(cell.outcome), ` ${told(cell)}`),
    node("p", {}, node("code", {}, one.model_type), " ", node("code", {}, one.class), colon, one.words[language]),
    ...(cell.words ? [node("h3", {}, say("seen")), node("pre", {}, node("code", {}, cell.words))] : []),
    ...logs(architecture, names, found, way),
    node("p", {}, say("with", [`Python ${found.environment.get(name).python}`, ...versions].join(comma)), node("br"), say("scope")),
    node("h3", {}, say("repeat")),
    ...repeat(architecture, name, way, "other" in found.environment.get(name).varies),
  );
}

async function open(link) {
  const name = decodeURIComponent(link.pathname.split("@").at(-1)).replace(/\.txt$/, "");
  const [way, architecture] = link.closest("tr").querySelector("th").dataset.row.split(" ");
  dialog.replaceChildren(node("p", { id: "clinic-atlas-title" }, say("loading")));
  if (!dialog.isConnected) first.append(dialog);
  dialog.showModal();
  try {
    const found = await data();
    fill(found, way, architecture, run(found, way, name, link.closest("td").colSpan));
    dialog.querySelector("h2").focus();
  } catch (error) {
    dialog.replaceChildren(
      node("button", { type: "button" }, say("close")),
      node("p", { id: "clinic-atlas-title" }, say("broken", error.message), " ", node("a", { href: link.href }, say("logs"))),
    );
  }
}

dialog.addEventListener("click", ({ target }) => {
  if (target === dialog || target.closest("button")) dialog.close(); // beside it, or its button
});

for (const section of sections) {
  section.addEventListener("click", (event) => {
    const link = event.target.closest(".clinic-atlas-table td > a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return; // the log, in a place of its own
    event.preventDefault();
    open(link);
  });
}

/* ---- a way alone ---- */

function choose() {
  const ways = [...document.querySelectorAll(".clinic-atlas section[data-way]")];
  const chosen = ways.find((one) => one.dataset.way === location.hash.slice(1));
  for (const one of ways) one.hidden = Boolean(chosen) && one !== chosen;
  for (const link of document.querySelectorAll(".clinic-atlas-ways a")) {
    const current = link.hash === (chosen ? location.hash : "#ways");
    if (current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

choose();
addEventListener("hashchange", choose);

/* ---- what is installed at the reader's ---- */

const NUMBER = String.raw`\d+(?:\.\d+)+(?:[-._]?(?:a|b|c|rc|dev|post)[-._]?\d*)*(?:\+[\w.-]+)?`;
const PACKAGE = new RegExp(String.raw`(?<![\w.-])(transformers|deepspeed|peft)(?:\[[^\]]*\])?\s*(?:===?|[:=@]|version)?\s*v?(${NUMBER})`, "gi");

/* Package -> version, as `pip freeze`, `pip list`, conda or a person writes them. */
export function installed(text) {
  return new Map([...text.matchAll(PACKAGE)].map(([, name, version]) => [name.toLowerCase(), version.toLowerCase()]));
}

const release = (version) => version.match(/^\d+(?:\.\d+)*/)[0].split(".").map(Number);
const suffix = (version) => version.replace(/^[\d.]*\d/, "");

/* Before a release stands what leads to it; behind it what somebody has built on it. */
function stage(version) {
  if (/^[-._]?(?:a|b|c|rc|dev)/.test(suffix(version))) return -1;
  return suffix(version) ? 1 : 0;
}

/* As versions are ordered: numbers part by part, a missing one is 0. */
export function compare(one, other) {
  const [a, b] = [release(one), release(other)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference) return difference;
  }
  return stage(one) - stage(other) || (suffix(one) === suffix(other) ? 0 : 1);
}

const newestOf = (versions) => [...versions].sort(compare);

/* The environments of a way in which this release loads, with the reader's versions of what else takes part, where measured. */
function environmentsOf(found, way, version, given) {
  const packages = (name) => found.environment.get(name).packages;
  let fits = way.environments.filter((name) => compare(packages(name)[LOADED] ?? "0", version) === 0);
  for (const name of way.packages.filter((one) => given.has(one))) {
    const own = fits.filter((one) => compare(packages(one)[name] ?? "0", given.get(name)) === 0);
    if (own.length) fits = own;
  }
  return fits;
}

/* What another version was measured with, if the reader has one of a package that takes part in the way and is not measured. */
function otherwise(found, way, environments, given) {
  for (const name of environments.length ? way.packages : []) {
    const measured = newestOf(new Set(environments.map((one) => found.environment.get(one).packages[name])));
    const own = given.get(name);
    if (own && !measured.some((one) => compare(one, own) === 0)) {
      return say("other package", `${name} ${measured.join(comma)}`, `${name} ${own}`);
    }
  }
  return "";
}

function named(title, cell) {
  if (cell?.unused) return say("left out", title, cell.unused);
  return cell?.of ? `${title} ${cell.differ}/${cell.of}` : title;
}

/* Each architecture under the worst that was seen of it there, once. */
function outcomesOf(found, way, environments) {
  const outcomes = new Map([...WORST, "none"].map((kind) => [kind, []]));
  for (const { id, title } of environments.length ? found.architectures : []) {
    const cells = environments.map((environment) => found.cell.get(`${id} ${way.id} ${environment}`));
    const worst = WORST.map((kind) => cells.find((cell) => cell?.outcome === kind)).find(Boolean);
    outcomes.get(worst?.outcome ?? "none").push(named(title, worst));
  }
  return outcomes;
}

/* Of another version than the measured one only what went wrong there is told: what went well there is no comfort. */
function tellWay(found, way, version, given) {
  const environments = environmentsOf(found, way, version, given);
  const outcomes = outcomesOf(found, way, environments);
  const bad = WORST.slice(0, 3).filter((kind) => outcomes.get(kind).length);
  const said = bad.flatMap((kind) => [sign(kind), ` ${outcomes.get(kind).join(comma)} `]);
  const other = otherwise(found, way, environments, given);
  const exact = outcomes.get("exact").length;
  const missing = outcomes.get("none").length;
  if (exact && !other) said.push(sign("exact"), ` ${say(bad.length ? "others" : "all", exact)} `);
  if (missing && !other) said.push(node("span", { class: "clinic-atlas-key none" }, say("number", missing)));
  if (!environments.length) said.push(sign("none"));
  if (other && bad.length) said.unshift(` ${say("seen there")}`);
  const item = node("li", {}, node("a", { href: `#${way.id}` }, way.words[language]), colon, other, ...said);
  return [bad.length ? WORST.indexOf(bad[0]) : WORST.length, item];
}

function tell(found, given) {
  const version = given.get(LOADED);
  const measured = newestOf(new Set(found.environments.map((one) => one.packages[LOADED]).filter(Boolean)));
  const exactly = measured.find((one) => compare(one, version) === 0);
  if (!exactly) {
    const below = measured.filter((one) => compare(one, version) < 0).at(-1);
    const above = measured.find((one) => compare(one, version) > 0);
    const near = [below, above].filter(Boolean).join(comma);
    if (!near) return [node("p", {}, say("not measured", `${LOADED} ${version}`))];
    return [node("p", {}, node("strong", {}, say("not measured", `${LOADED} ${version}`)), " ", say("nearest", near))];
  }
  const told = found.ways.map((way) => tellWay(found, way, exactly, given)).sort(([one], [other]) => one - other);
  const items = told.map(([, item]) => item);
  return [node("p", {}, node("strong", {}, say("measured", `${LOADED} ${exactly}`)), " ", say("scope")), node("ul", { class: "clinic-atlas-told" }, ...items)];
}

/* A column is the reader's if all that its label names is installed there. */
function mark(given) {
  for (const head of document.querySelectorAll(".clinic-atlas-table thead th + th")) {
    const packages = head.closest("table").dataset.columns.split(" · ");
    const parts = head.textContent.split(" · ");
    const own = parts.every((part, index) => given.has(packages[index]) && compare(part.replace(/^\D*$/, "0"), given.get(packages[index])) === 0);
    head.classList.toggle("clinic-yours", own);
  }
}

function start(field, answer) {
  const look = async () => {
    const text = field.value;
    const given = installed(text);
    mark(given);
    if (!text.trim()) return answer.replaceChildren();
    if (!given.has(LOADED)) return answer.replaceChildren(node("p", {}, ...coded(say("no release", "transformers 5.4.0"))));
    try {
      const parts = tell(await data(), given);
      if (field.value === text) answer.replaceChildren(...parts);
    } catch (error) {
      answer.replaceChildren(node("p", {}, say("broken", error.message)));
    }
  };
  field.addEventListener("input", look);
  field.form.addEventListener("submit", (event) => event.preventDefault());
  if (field.value) look(); // kept by the browser over a reload
}

const field = document.getElementById("clinic-installed");
if (field) start(field, document.querySelector(".clinic-atlas-answer"));
