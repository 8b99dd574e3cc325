/* A badge says until when its evidence is young enough; this asks the reader's clock. A site that nobody builds any more
   turns grey by itself, and says why: on a page of one article the facts beside its sentences, too. */

const today = new Date().toISOString().slice(0, 10); // UTC, as the days of evidence are
const badges = document.querySelectorAll("a.clinic-badge[data-valid-until]");
for (const badge of badges) {
  if (today <= badge.dataset.validUntil) continue;
  for (const part of badge.querySelectorAll(".clinic-status")) part.className = "clinic-status clinic-status--unverified";
  const why = () => Object.assign(document.createElement("span"), { className: "clinic-too-old", textContent: badge.dataset.tooOld });
  badge.append(" ", why());
  if (badges.length > 1) continue; // a list of articles
  document.body.classList.add("clinic-aged"); // what was observed stays what it was, without its colour
  for (const fact of document.querySelectorAll(".clinic-opened")) fact.append(why());
}
