// Draws the plots of a page: `data-plot` of an element is what it shows, as JSON; beside each stands a table with the same numbers.
// And brings the parts that a page loads later: `data-load` of an element is where from.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  // Of values below 1, such as along an axis of small ones.
  const small = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  const level = (_, ys) => ys.map((y) => (Math.max(...ys.map(Math.abs)) < 1 ? small : whole).format(y));
  const exact = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const drawn = new Map();

  const line = (color, more) => ({ stroke: color, width: 2, points: { show: false }, ...more });
  const axis = (more) => ({ stroke: shade("--dim"), grid: { stroke: shade("--line"), width: 1 }, ticks: { show: false }, ...more });
  const band = (series) => ({ series, fill: shade("--accent") + "33" });
  const dots = (color) => ({ show: true, size: 7, fill: color, stroke: color });

  function byWeek(plot) {
    const ink = shade("--ink");
    const accent = shade("--accent");
    return {
      data: [plot.x, plot.high, plot.low, plot.sold, plot.expected],
      scales: { x: { time: false } },
      axes: [
        axis({ splits: () => plot.x, space: 0, values: (u, xs) => xs.map((x, place) => (place % Math.ceil((60 * xs.length) / u.width) ? "" : day.format(1000 * x))) }),
        axis({ values: level, size: 56 }),
      ],
      series: [{}, line("transparent"), line("transparent"), line(ink, { points: dots(ink) }), line(accent, { points: dots(accent), dash: [6, 4] })],
      bands: [band([1, 2])],
    };
  }

  function byViews(plot) {
    const accent = shade("--accent");
    const members = plot.members.map(() => line(accent + "73", { width: 1 }));
    return {
      data: [plot.x, plot.high, plot.low, ...plot.members, plot.mean],
      scales: { x: { time: false } },
      axes: [axis({}), axis({ values: level, size: 56 })],
      series: [{}, line("transparent"), line("transparent"), ...members, line(accent, { width: 3 })],
      bands: [band([1, 2])],
      hooks: { draw: [(u) => standAt(u, plot.at)] },
    };
  }

  // The upright line where the slider stands.
  function standAt(u, x) {
    const { ctx } = u;
    const left = Math.round(u.valToPos(x, "x", true));
    ctx.save();
    ctx.strokeStyle = shade("--ink");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(left, u.bbox.top);
    ctx.lineTo(left, u.bbox.top + u.bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  function draw(element) {
    const plot = drawn.get(element)?.plot ?? JSON.parse(element.dataset.plot);
    drawn.get(element)?.chart.destroy();
    const { data, ...options } = (plot.kind === "views" ? byViews : byWeek)(plot);
    const size = { width: element.clientWidth, height: 240 };
    const chart = new uPlot({ ...size, legend: { show: false }, cursor: { show: false }, ...options }, data, element);
    drawn.set(element, { plot, chart });
  }

  const drawAll = (within) => within.querySelectorAll("[data-plot]").forEach(draw);

  async function load(element) {
    const answer = await fetch(element.dataset.load);
    if (!answer.ok || answer.redirected) return; // the link to the same stays
    element.innerHTML = await answer.text();
    drawAll(element);
  }

  function slide(slider) {
    const element = document.getElementById(slider.dataset.plotOf);
    const { plot, chart } = drawn.get(element);
    const told = (name, text) => (document.querySelector(`[data-told="${name}"]`).textContent = text);
    plot.at = Number(slider.value);
    const place = plot.x.indexOf(plot.at);
    const members = plot.members.map((values) => values[place]);
    told("views", whole.format(plot.at));
    told("quantity", exact.format(plot.mean[place]));
    told("spread", exact.format(plot.high[place] - plot.mean[place]));
    told("least", exact.format(Math.min(...members)));
    told("most", exact.format(Math.max(...members)));
    chart.redraw();
  }

  drawAll(document);
  document.querySelectorAll("[data-load]").forEach(load);
  document.querySelectorAll("[data-plot-of]").forEach((slider) => slider.addEventListener("input", () => slide(slider)));
  addEventListener("resize", () => [...drawn.keys()].forEach(draw));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach(draw));
})();
