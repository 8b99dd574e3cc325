/* A badge says until when its evidence is young enough; this asks the reader's clock. A site that nobody builds any more
   turns grey by itself, and says why. */

const today = new Date().toISOString().slice(0, 10); // UTC, as the days of evidence are
for (const badge of document.querySelectorAll("a.clinic-badge[data-valid-until]")) {
  if (today <= badge.dataset.validUntil) continue;
  for (const part of badge.querySelectorAll(".clinic-status")) part.className = "clinic-status clinic-status--unverified";
  const why = document.createElement("span");
  why.className = "clinic-too-old";
  why.textContent = badge.dataset.tooOld;
  badge.append(" ", why);
}
