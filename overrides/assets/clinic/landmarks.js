/* The theme's script puts each button that copies code into a <nav> of its own, dozens on a page and all without a name: whoever
   goes from landmark to landmark would meet nothing else. Here they are none. */

function hush(root) {
  for (const nav of root.querySelectorAll("nav.md-code__nav")) nav.setAttribute("role", "none");
}

hush(document);
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.localName === "pre") hush(target);
}).observe(document.body, { childList: true, subtree: true });
