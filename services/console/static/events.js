// Follows the events over one stream, which goes on after the last one that came, also after a pause. Nothing of an event is taken
// for markup.
"use strict";
(() => {
  const tail = document.getElementById("tail");
  const part = (id) => document.getElementById(id);
  const told = tail.dataset;
  const most = Number(told.rows);
  const contracts = new Map();
  let source = null;
  let lastId = "";
  let shown = 0;
  let passed = 0;
  // The event that is open now.
  let opened = null;
  // Whether it goes on when the page is seen.
  let resumes = true;

  function say(name, kind, more = "") {
    part("state").className = `state ${kind}`;
    part("state").textContent = [told[name], more].filter(Boolean).join(" ");
  }

  const heads = [...tail.querySelectorAll("thead th")].map((head) => head.textContent);

  // As the server draws those of other tables, for a phone.
  function cell(tag, content, column) {
    const made = document.createElement(tag);
    made.append(content);
    made.setAttribute("role", tag === "th" ? "rowheader" : "cell");
    made.dataset.label = heads[column];
    return made;
  }

  function add(event) {
    const cloud = JSON.parse(event.data);
    const opener = document.createElement("button");
    opener.className = "link";
    opener.type = "button";
    opener.textContent = new Date(cloud.time).toISOString().slice(0, 23).replace("T", " ");
    opener.addEventListener("click", () => open(cloud, opener));
    const head = cell("th", opener, 0);
    head.scope = "row";
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    row.append(head, cell("td", cloud.type, 1), cell("td", cloud.partitionkey, 2));
    const rows = part("rows");
    rows.prepend(row);
    while (rows.childElementCount > most) rows.lastElementChild.remove();
    shown += 1;
    part("count").textContent = new Intl.NumberFormat(document.documentElement.lang).format(shown);
    part("as-of").textContent = new Date().toISOString().slice(0, 19).replace("T", " ") + " UTC";
    part("empty").hidden = true;
  }

  async function open({ data, ...attributes }, opener) {
    document.querySelectorAll("#rows [aria-current]").forEach((each) => each.removeAttribute("aria-current"));
    opener.setAttribute("aria-current", "true");
    part("opened-name").textContent = `${attributes.type} ${attributes.id}`;
    part("opened-headers").textContent = Object.entries(attributes).map(([name, value]) => `${name}: ${value}`).join("\n");
    part("opened-body").textContent = JSON.stringify(data, null, 2);
    part("opened").hidden = false;
    part("opened").focus();
    part("opened-contract").replaceChildren();
    opened = attributes;
    const contract = await contractOf(attributes.type);
    // Another one may have been opened meanwhile.
    if (opened === attributes) part("opened-contract").innerHTML = contract;
  }

  async function contractOf(type) {
    if (!contracts.has(type)) {
      const answer = await fetch(`/events/contract?type=${encodeURIComponent(type)}`).catch(() => null);
      if (!answer?.ok || answer.redirected) return "";
      contracts.set(type, await answer.text());
    }
    return contracts.get(type);
  }

  function follow() {
    say("connecting", "half");
    source = new EventSource(told.stream + (lastId ? `&last_id=${encodeURIComponent(lastId)}` : ""));
    const keep = (event) => (lastId = event.lastEventId || lastId);
    source.onopen = () => say("live", "on");
    source.onerror = () => (source.readyState === EventSource.CLOSED ? say("ended", "off") : say("connecting", "half"));
    source.addEventListener("shown", (event) => (keep(event), add(event)));
    source.addEventListener("position", keep);
    source.addEventListener("passed", (event) => {
      keep(event);
      passed += Number(event.data);
      part("passed").textContent = `${told.passed} ${new Intl.NumberFormat(document.documentElement.lang).format(passed)}`;
    });
    source.addEventListener("problem", (event) => say("problem", "off", JSON.parse(event.data)));
    source.addEventListener("ended", (event) => (source.close(), say("ended", "off", JSON.parse(event.data))));
  }

  part("pause").addEventListener("click", () => {
    const pauses = source.readyState !== EventSource.CLOSED;
    part("pause").textContent = pauses ? told.resume : told.pause;
    if (!pauses) return follow();
    source.close();
    say("paused", "half");
  });

  // A page that nobody sees keeps none of the few connections that browsers have for all pages of a place.
  function look() {
    if (document.hidden) {
      resumes ||= source.readyState !== EventSource.CLOSED;
      source?.close();
    } else if (resumes) {
      resumes = false;
      follow();
    }
  }

  document.addEventListener("visibilitychange", look);
  look();
})();
