// A pasted text without what terminals, loggers, launchers, boxes and mail programs put around its messages.
// Twin of checkpoint_clinic/normalise.py. The expressions come from there, in signatures.json.

/** Return the functions of normalise.py, with the expressions of signatures.json. */
export function normaliser(shared) {
  const all = Object.fromEntries(
    Object.entries(shared).map(([name, one]) => [name, typeof one === "string" ? new RegExp(one, "gu") : one]),
  );
  const letters = new RegExp(`[${Object.keys(shared.LETTERS).join("")}]`, "g");
  const record = new RegExp(shared.RECORD, "u");
  const prefix = new RegExp(shared.PREFIX, "uy");
  const source = new RegExp(shared.SOURCE, "u");
  const rank = new RegExp(shared.RANK, "u");
  const plain = /^[\n\r -~]*$/;

  function clean(text) {
    for (const sign of shared.ESCAPE_SIGNS) text = text.replaceAll(sign, "\x1b[");
    text = text.replace(all.ESCAPES, "").replace(all.SPELLED, "").replaceAll("\r\n", "\n").replace(all.COLOURS, "");
    if (text.includes("</") || text.includes("<br")) text = text.replace(all.TAGS, "").replace(all.ROWS, "\r");
    if (text.includes("&")) text = text.replace(all.ENTITIES, entity);
    for (const sign of shared.EMPHASIS) text = text.replaceAll(sign, "");
    text = text.replace(all.MARKDOWN, "");
    if (plain.test(text)) return text;
    const lines = text.split("\n"); // most lines of most logs are plain, and are left alone
    return lines.map((line) => (plain.test(line) ? line : withoutOdd(line))).join("\n");
  }

  /** Return a line without invisible characters and typographic quotation marks. */
  function withoutOdd(line) {
    let text = line.replace(all.BREAKS, "\n").replace(all.SPACES, " ").replace(all.INVISIBLE, "");
    text = text.replace(all.WIDE, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
    text = text.replace(letters, (letter) => shared.LETTERS[letter]);
    return text.replace(all.QUOTES, '"').replace(all.APOSTROPHES, "'");
  }

  function entity(reference, decimal, hexadecimal, name) {
    if (name) return shared.NAMED[name] ?? " ";
    const code = decimal ? Number(decimal) : parseInt(hexadecimal, 16);
    return code > 0 && code < 0xd800 ? String.fromCharCode(code) : " ";
  }

  function prefixOf(line) {
    prefix.lastIndex = 0;
    return prefix.test(line) ? line.slice(0, prefix.lastIndex) : "";
  }

  function beginsRecord(text) {
    return record.test(text);
  }

  function body(text, before) {
    let line = trimEnd(text.slice(before.length), " │┃║|\\=");
    if (line.slice(-12).includes(".py:")) {
      const found = source.exec(line.slice(-100));
      if (found) line = trimEnd(line.slice(0, line.length - found[0].length), " ");
    }
    return line;
  }

  function rankOf(text) {
    const found = rank.exec(text);
    return found ? found[1] : null;
  }

  function* telling(text) {
    const words = all.TELLS.filter((word) => text.includes(word));
    if (!words.length) return;
    for (const line of text.split(/[\r\n]/)) {
      if (words.some((word) => line.includes(word))) yield trimSpaces(line);
    }
  }

  return { clean, body, prefixOf, beginsRecord, rankOf, telling };
}

/** Return the text without these characters at its end. */
function trimEnd(text, characters) {
  let end = text.length;
  while (end && characters.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** Return the text without spaces around it. */
export function trimSpaces(text) {
  let start = 0;
  while (text[start] === " ") start += 1;
  return trimEnd(text.slice(start), " ");
}
