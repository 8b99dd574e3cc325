/* What stands around every page: a fold opens that holds what the address names, and is filled when it opens; the link to the
   other language keeps the section; on the page for unknown addresses the reader's language comes first. */

const link = document.querySelector(".clinic-language");

/* The browser opens folds for its own jumps, not every one does. */
function reveal() {
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

/* The sections of an article have the same ids in both languages, claims and environments, too. */
function keepSection() {
  link.href = link.href.split("#")[0] + location.hash;
}

/* Hosts serve the English page for what is unknown below zh/, too. */
const lost = document.querySelector(".clinic-lost");
if (lost && location.pathname.startsWith(new URL("../../zh/", import.meta.url).pathname)) document.querySelector("article h1").after(lost);

/* What a run saw is no part of the page until its fold opens, or all is printed. */
function unfold(fold) {
  const kept = fold.querySelector(":scope > template");
  kept?.replaceWith(kept.content);
}

function unfoldAll() {
  document.querySelectorAll(".clinic-run").forEach(unfold);
}

document.addEventListener("toggle", ({ target }) => target.open && target.matches(".clinic-run") && unfold(target), true);
addEventListener("beforeprint", unfoldAll);
matchMedia("print").addEventListener("change", unfoldAll);

reveal();
addEventListener("hashchange", reveal);
if (link) for (const type of ["pointerdown", "focus", "click"]) link.addEventListener(type, keepSection);
