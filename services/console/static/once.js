// A form with a file is sent once: `data-once` keeps its button from a second click until the answer or another file is there.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    const allow = (may) => form.querySelectorAll("button").forEach((each) => (each.disabled = !may));
    form.addEventListener("submit", () => allow(false));
    form.addEventListener("input", () => allow(true));
    // A browser may keep the page as it was left, for whoever comes back.
    addEventListener("pageshow", () => allow(true));
  }
})();
