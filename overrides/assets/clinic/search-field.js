/* The theme's search field is one line: a browser takes the line ends out of what is pasted, and joins its words. Here they
   become U+2028, which stays; clinic-search.js makes line ends of them again. And a paste by mouse is searched, too.
   Zensical makes its field when the search is opened, in a shadow tree, so the paste is heard at the document. */

const LIMIT = 100_000; // the end of a longer paste is kept: there the error stands
const FIELD = "[data-md-component=search-query], input[role=combobox]";

document.addEventListener("paste", (event) => {
  const [field] = event.composedPath();
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!(field instanceof Element && field.matches(FIELD)) || !/[\r\n]/.test(text)) return;
  event.preventDefault();
  const line = text.trim().slice(-LIMIT).replace(/\s*[\r\n]+/g, "\u2028");
  field.setRangeText(line, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
});

const field = document.querySelector(FIELD);
field?.addEventListener("input", () => field.dispatchEvent(new KeyboardEvent("keyup")));
