// Keeps a page as the server draws it: `data-stream` of an element is where from. Each message is HTML; its parts with `data-live`
// take the place of those of the same id that differ, so that nothing else moves: no focus, no place in the page.
"use strict";
(() => {
  const stream = document.querySelector("[data-stream]");
  const lost = document.getElementById(stream.dataset.lost);
  let source;

  function show(message) {
    const drawn = new DOMParser().parseFromString(message.data, "text/html");
    for (const part of drawn.querySelectorAll("[data-live]")) {
      const here = document.getElementById(part.id);
      if (here && here.outerHTML !== part.outerHTML) here.replaceWith(document.importNode(part, true));
    }
    lost.hidden = true;
  }

  function follow() {
    // A page that was loaded in the background has one already.
    source?.close();
    source = new EventSource(stream.dataset.stream);
    source.onmessage = show;
    // The browser connects again by itself, but not after an answer that is none, such as of a log-in that has ended.
    source.onerror = () => (lost.hidden = source.readyState !== EventSource.CLOSED);
  }

  follow();
  document.addEventListener("visibilitychange", () => (document.hidden ? source.close() : follow()));
})();
