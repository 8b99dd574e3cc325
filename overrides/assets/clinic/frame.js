/* What stands around every page: a fold opens that holds what the address names; the link to the other language keeps the section;
   on the page for unknown addresses the reader's language comes first. */

const link = document.querySelector(".clinic-language");
const SECTION = /^#section-(\d+)$/; // the number of a heading: its id is in the words of its language
const headings = () => [...document.querySelectorAll("article h2[id]")];

/* The browser opens folds for its own jumps, not every one does. */
function reveal() {
  const number = SECTION.exec(location.hash)?.[1];
  if (number && headings()[number - 1]) return location.replace(`#${headings()[number - 1].id}`);
  let target = null;
  try {
    target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return; // not an id
  }
  const closed = [];
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) if (!fold.open) closed.push(fold);
  for (const fold of closed) fold.open = true;
  if (closed.length) target.scrollIntoView();
}

/* The same section in the other language: by id where both have it (claims, environments), headings by their number. */
function keepSection() {
  const here = headings();
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  const heading = here.findLast((one) => target && (one === target || one.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING));
  const named = target && !/^H[1-6]$/.test(target.tagName);
  const hash = named ? `#${id}` : heading ? `#section-${here.indexOf(heading) + 1}` : target ? "" : location.hash;
  link.href = link.href.split("#")[0] + hash;
}

/* Hosts serve the English page for what is unknown below zh/, too. */
const lost = document.querySelector(".clinic-lost");
if (lost && location.pathname.startsWith(new URL("../../zh/", import.meta.url).pathname)) document.querySelector("article h1").after(lost);

reveal();
addEventListener("hashchange", reveal);
if (link) for (const type of ["pointerdown", "focus", "click"]) link.addEventListener(type, keepSection);
