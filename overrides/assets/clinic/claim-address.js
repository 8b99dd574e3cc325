/* An address of a claim, errors/<slug>/#module.function, leads to its evidence where the article itself does not cite it. */

function follow() {
  const { hash } = location;
  if (!hash.includes(".")) return;
  if (!document.getElementById(hash.slice(1))) location.replace(`evidence/${hash}`);
}

addEventListener("hashchange", follow);
follow();
