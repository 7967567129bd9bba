// Keeps a page as the server draws it: `data-stream` of an element is where from. Each message is HTML; its parts with `data-live`
// take the place of those of the same id that differ, so that nothing else moves: no focus, no place in the page.
"use strict";
(() => {
  const stream = document.querySelector("[data-stream]");
  const lost = document.getElementById(stream.dataset.lost);
  // How long (ms) it may take to connect again before it is told.
  const patience = 10_000;
  let source;
  let over = false;
  let waiting;

  function show(message) {
    const drawn = new DOMParser().parseFromString(message.data, "text/html");
    for (const part of drawn.querySelectorAll("[data-live]")) {
      const here = document.getElementById(part.id);
      if (!here) continue;
      // What a reader has opened stays open, and what has the focus keeps it.
      here.querySelectorAll("details[open]").forEach((each) => part.querySelector(`#${each.id}`)?.setAttribute("open", ""));
      if (here.outerHTML === part.outerHTML) continue;
      const focused = here.contains(document.activeElement) && document.activeElement.id;
      here.replaceWith(document.importNode(part, true));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }
    waiting = clearTimeout(waiting);
    lost.hidden = true;
    // What has ended is not asked for again.
    over = drawn.querySelector("[data-over]") !== null;
    if (over) source.close();
  }

  function follow() {
    source?.close();
    source = new EventSource(stream.dataset.stream);
    source.onmessage = show;
    // The browser connects again by itself, but not after an answer that is none, such as of a log-in that has ended.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) lost.hidden = false;
      else waiting ??= setTimeout(() => (lost.hidden = false), patience);
    };
  }

  // A page that nobody sees, also one that was opened in the background, keeps none of the few connections of its browser.
  const look = () => (document.hidden ? source?.close() : over || follow());
  document.addEventListener("visibilitychange", look);
  look();
})();
