// The page asks its server for readings of the HPAs, keeps them, and draws each
// HPA: a plot for each metric and one for the replicas on one time axis, and the
// same numbers as a table. What is unknown is null from the server to the plot.

const axisWidth = 56;
const minSpan = 30; // seconds that the time axis has at least

const readings = []; // oldest first, as the server keeps them
const events = [];
const sections = new Map(); // by the name of the HPA
let next = 0; // the first reading to ask for

const token = keepToken();
poll();
// A token that is given to an open page loads nothing by itself.
addEventListener("hashchange", () => { if (isToken(location.hash.slice(1))) location.reload(); });

// keepToken moves the token from the address to where a reload finds it, so that
// it stands in no history.
function keepToken() {
  const given = location.hash.slice(1);
  if (isToken(given)) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

// isToken tells a token from the name of a section.
function isToken(fragment) { return fragment !== "" && !fragment.startsWith("hpa-"); }

async function poll() {
  let wait = 2;
  try {
    const response = await fetch("readings?from=" + next, { headers: { Authorization: "Bearer " + token }, cache: "no-store" });
    if (response.status === 401) {
      say("Open the address that the command printed: it holds the key to this page.", true);
      return;
    }
    if (!response.ok) throw new Error(response.statusText);
    const answer = await response.json();
    wait = answer.interval;
    take(answer);
  } catch (err) {
    const last = readings.at(-1);
    say("The command does not answer: it may have ended" + (last ? `. Last read at ${clock(last.time)}` : ""), true);
    console.error(err);
  }
  setTimeout(poll, wait * 1000);
}

function take(answer) {
  for (const reading of answer.readings) {
    for (const hpa of reading.hpas) {
      for (const metric of hpa.metrics) metric.key = [metric.redis, metric.name, metric.selector, metric.perReplica].join(" ");
    }
    reading.hpas = new Map(reading.hpas.map((hpa) => [hpa.name, hpa]));
    readings.push(reading);
    next = reading.number + 1;
  }
  events.push(...answer.events);
  while (readings.length && readings[0].number < answer.oldest) readings.shift();
  while (events.length && events[0].reading < answer.oldest) events.shift();
  const last = readings.at(-1);
  if (!last) {
    say("Reading the cluster");
    return;
  }
  const failed = last.problems.length > 0;
  say([`Read ${answer.scope} at ${clock(last.time)}`, ...last.problems].join(" · "), failed);
  if (answer.readings.length === 0) return;
  const names = new Set(readings.flatMap((reading) => [...reading.hpas.keys()]));
  for (const name of [...names].sort()) {
    if (!sections.has(name)) sections.set(name, new Section(name));
  }
  for (const [name, section] of sections) {
    if (names.has(name)) section.update();
    else {
      section.remove();
      sections.delete(name);
    }
  }
  if (sections.size === 0 && !failed) say(`There is no HPA that scales on a Redis object: read ${answer.scope} at ${clock(last.time)}`);
}

function say(text, failed = false) {
  const state = document.getElementById("state");
  state.classList.toggle("failed", failed);
  if (state.textContent !== text) state.textContent = text;
}

class Section {
  constructor(name) {
    this.name = name;
    this.selected = null; // the number of the reading under the cursor; null follows the newest
    this.moving = false;
    this.stale = true;
    this.visible = false;
    this.root = document.getElementById("hpa").content.firstElementChild.cloneNode(true);
    this.root.id = "hpa-" + name.replace("/", "-");
    this.part("h2").textContent = name;
    this.part("h2").id = this.root.id + "-title";
    this.root.setAttribute("aria-labelledby", this.root.id + "-title");
    this.part(".time").setAttribute("aria-label", "Time, " + name);
    this.part(".events .scroll").setAttribute("aria-label", "Events of " + name);
    this.part(".numbers .scroll").setAttribute("aria-label", "Numbers of " + name);
    this.part(".time").addEventListener("input", (event) => this.select(event.target.valueAsNumber));
    this.part(".numbers").addEventListener("toggle", () => this.list());
    this.part(".events").addEventListener("toggle", () => this.list());

    const sorted = [...document.querySelectorAll("section")].find((other) => other.querySelector("h2").textContent > name);
    document.getElementById("hpas").insertBefore(this.root, sorted ?? null);
    this.entry = document.createElement("li");
    const link = this.entry.appendChild(document.createElement("a"));
    link.href = "#" + this.root.id;
    link.textContent = name;
    const entries = document.getElementById("contents");
    const following = [...entries.children].find((other) => other.textContent > name);
    entries.insertBefore(this.entry, following ?? null);
    this.root.plots = [];
    // Sections out of sight are not drawn: a cluster may have hundreds.
    this.observers = [
      new IntersectionObserver(([seen]) => { this.visible = seen.isIntersecting; if (this.visible && this.stale) this.draw(); }),
      new ResizeObserver(() => this.resize()),
    ];
    for (const observer of this.observers) observer.observe(this.root);
  }

  part(selector) { return this.root.querySelector(selector); }

  remove() {
    for (const observer of this.observers) observer.disconnect();
    for (const plot of this.root.plots) plot.destroy();
    this.root.remove();
    this.entry.remove();
  }

  update() {
    this.states = readings.map((reading) => reading.hpas.get(this.name));
    this.newest = this.states.findLast(Boolean);
    this.events = events.filter((event) => event.hpa === this.name);
    const hpa = this.newest;
    this.part(".about").textContent = [hpa.scaleTarget, `min ${hpa.min}`, `max ${hpa.max}`, hpa.limit].filter(Boolean).join(" · ");
    this.part(".problem").textContent = hpa.problem ?? "";
    this.part(".problem").hidden = !hpa.problem;
    this.part(".events summary").textContent = `Events (${this.events.length})`;
    this.part(".events").hidden = this.events.length === 0;
    this.stale = true;
    if (this.visible) this.draw();
  }

  draw() {
    this.stale = false;
    const keys = this.newest.metrics.map((metric) => metric.key).join("\n");
    if (keys !== this.keys) {
      this.keys = keys;
      this.build();
    }
    const times = readings.map((reading) => reading.time);
    const columns = this.newest.metrics.map((metric) => {
      const of = this.states.map((state) => state?.metrics.find((other) => other.key === metric.key));
      return [times, of.map((m) => m?.value ?? null), of.map((m, i) => threshold(m, this.states[i]))];
    });
    columns.push([times, this.states.map((state) => state?.ready ?? null), this.states.map((state) => state?.desired ?? null)]);
    this.root.plots.forEach((plot, i) => plot.setData(columns[i]));
    const slider = this.part(".time");
    slider.max = readings.length - 1;
    const index = readings.findIndex((reading) => reading.number === this.selected);
    if (index < 0) this.selected = null;
    this.show(index < 0 ? readings.length - 1 : index);
    this.list();
  }

  build() {
    for (const plot of this.root.plots) plot.destroy();
    this.part(".plots").replaceChildren();
    this.root.plots = [
      ...this.newest.metrics.map((metric) => this.plot(`${metric.name} of Redis ${metric.redis}${metric.selector ? ", " + metric.selector : ""}`, false, [
        { stroke: () => color("value"), width: 2 },
        { stroke: () => color("target"), width: 2, dash: [6, 4], paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } },
      ])),
      this.plot("replicas", true, [
        { stroke: () => color("ready"), width: 2, fill: () => color("ready") + "22", paths: uPlot.paths.stepped({ align: 1 }) },
        { stroke: () => color("desired"), width: 2, paths: uPlot.paths.stepped({ align: 1 }) },
      ]),
    ];
  }

  // plot makes one plot. That of the replicas is the last, and has the times below and the decisions above.
  plot(title, replicas, series) {
    const heading = this.part(".plots").appendChild(document.createElement("h3"));
    heading.textContent = title;
    const axis = { stroke: () => color("muted"), font: "12px " + getComputedStyle(document.body).fontFamily };
    const lines = { stroke: () => color("grid"), width: 1 };
    const options = {
      width: this.width(), height: replicas ? 150 : 170, series: [{}, ...series], padding: [replicas ? 16 : 4, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { range: (_, from, to) => [Math.min(from, to - minSpan), to] },
        y: { range: (_, from, to) => [Math.min(0, from ?? 0), Math.max(1, to ?? 1, replicas ? this.newest.max : 0) * 1.08] },
      },
      axes: [
        { ...axis, grid: lines, ticks: { show: replicas, ...lines }, ...(replicas ? { size: 28, space: 80, values: hours } : { size: 6, values: () => [] }) },
        { ...axis, grid: lines, ticks: lines, size: axisWidth, values: (_, splits) => splits.map(short), ...(replicas ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}) },
      ],
      hooks: {
        drawClear: [(plot) => this.shadeUnknown(plot, replicas ? [1, 2] : [1])],
        draw: [(plot) => this.markEvents(plot, replicas)],
        setCursor: [(plot) => { if (!this.moving) this.point(plot.cursor.idx); }],
      },
    };
    return new uPlot(options, [[], [], []], this.part(".plots"));
  }

  width() { return Math.max(260, this.part(".plots").clientWidth); }

  resize() {
    for (const plot of this.root.plots) {
      if (plot.width !== this.width()) plot.setSize({ width: this.width(), height: plot.height });
    }
  }

  // shadeUnknown marks where series have a gap.
  shadeUnknown(plot, series) {
    const { ctx, bbox, data } = plot;
    ctx.save();
    ctx.fillStyle = color("unknown");
    for (let i = 0; i < data[0].length; i++) {
      if (series.every((column) => data[column][i] !== null)) continue;
      const start = i > 0 && series.every((column) => data[column][i - 1] !== null) ? i - 1 : i;
      const from = plot.valToPos(data[0][start], "x", true);
      const to = plot.valToPos(data[0][Math.min(i + 1, data[0].length - 1)], "x", true);
      ctx.fillRect(from, bbox.top, Math.max(to - from, 2 * devicePixelRatio), bbox.height);
    }
    ctx.restore();
  }

  // markEvents draws a line at each Event, and the size that a decision names.
  markEvents(plot, labelled) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const event of this.events) {
      if (event.time < plot.scales.x.min || event.time > plot.scales.x.max) continue;
      const x = Math.round(plot.valToPos(event.time, "x", true)) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = color(event.type === "Normal" ? "event" : "warning");
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const size = event.message.match(/^New size: (\d+)/);
      if (labelled && size) ctx.fillText("→ " + size[1], x, bbox.top - 4 * devicePixelRatio);
    }
    ctx.restore();
  }

  // point follows the mouse; without an index it has left the plot.
  point(index) {
    if (index === null || index === undefined) this.select(readings.length - 1);
    else this.select(index);
  }

  select(index) {
    this.selected = index === readings.length - 1 ? null : readings[index].number;
    this.show(index);
  }

  show(index) {
    this.moving = true;
    for (const plot of this.root.plots) {
      plot.setCursor(this.selected === null ? { left: -10, top: -10 } : { left: plot.valToPos(readings[index].time, "x"), top: 0 });
    }
    this.moving = false;
    const slider = this.part(".time");
    slider.value = index;
    slider.setAttribute("aria-valuetext", clock(readings[index].time));
    const readout = this.part(".readout");
    // The newest numbers change by themselves: who listens is told only what they have moved to.
    readout.setAttribute("aria-live", this.selected === null ? "off" : "polite");
    readout.replaceChildren(...this.describe(index));
  }

  describe(index) {
    const reading = readings[index];
    const state = this.states[index];
    const parts = [item("plain", "", clock(reading.time), this.selected === null ? "now" : "")];
    if (!state) return [...parts, item("plain unknown", "", "unknown", why(reading))];
    for (const metric of state.metrics) {
      parts.push(metric.value === null
        ? item("value unknown", metric.name, "unknown", metric.unknown)
        : item("value", metric.name, exact(metric.value)));
      parts.push(item("target", "target", target(metric, state)));
    }
    parts.push(item("desired", "desired", count(state.desired)), item("ready", "ready", count(state.ready), state.readyUnknown),
      item("plain", "current", count(state.current)));
    for (const event of this.eventsOf(index)) parts.push(item(event.type === "Normal" ? "plain" : "plain unknown", event.reason, event.message));
    return parts;
  }

  // eventsOf returns the Events between a reading and the one before.
  eventsOf(index) {
    const from = index > 0 ? readings[index - 1].time : -Infinity;
    return this.events.filter((event) => event.time > from && event.time <= readings[index].time);
  }

  list() {
    if (this.stale) return;
    if (this.part(".events").open) {
      this.part(".events tbody").replaceChildren(...this.events.toReversed().map((event) => {
        const line = row("td", [clock(event.time), event.type, event.reason, event.message]);
        line.classList.toggle("warning", event.type !== "Normal");
        return line;
      }));
    }
    if (!this.part(".numbers").open) return;
    const metrics = this.newest.metrics;
    this.part(".numbers thead").replaceChildren(row("th", ["Time", ...metrics.flatMap((metric) => [metric.name, "Target"]), "Desired", "Current", "Ready"]));
    this.part(".numbers tbody").replaceChildren(...readings.map((reading, i) => {
      const state = this.states[i];
      const values = metrics.flatMap(({ key }) => {
        const metric = state?.metrics.find((other) => other.key === key);
        if (!metric) return [{ unknown: why(reading) }, ""];
        return [metric.value === null ? { unknown: metric.unknown } : exact(metric.value), target(metric, state)];
      });
      return row("td", [clock(reading.time), ...values, ...["desired", "current", "ready"].map((name) => count(state?.[name]))]);
    }).reverse());
  }
}

// why says why a reading has nothing of an HPA.
function why(reading) { return reading.problems.join("; ") || "there was no such HPA"; }

// threshold is the value at which the HPA keeps the replicas that it has.
function threshold(metric, state) {
  if (!metric || metric.target === null) return null;
  if (!metric.perReplica) return metric.target;
  return state.current ? metric.target * state.current : null;
}

function target(metric, state) {
  if (metric.target === null) return "unknown";
  if (!metric.perReplica) return exact(metric.target);
  return `${exact(metric.target)} × ${count(state.current)} ${state.current === 1 ? "replica" : "replicas"}`;
}

function item(kind, label, value, note = "") {
  const span = document.createElement("span");
  span.className = kind;
  const strong = document.createElement("b");
  strong.textContent = value;
  const small = document.createElement("i");
  small.textContent = note && " " + note;
  span.append(label && label + " ", strong, small);
  return span;
}

function row(tag, cells) {
  const line = document.createElement("tr");
  for (const text of cells) {
    const cell = line.appendChild(document.createElement(tag));
    if (tag === "th") cell.scope = "col";
    cell.textContent = text?.unknown === undefined ? text : "unknown: " + text.unknown;
    cell.classList.toggle("unknown", text?.unknown !== undefined);
  }
  return line;
}

function color(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name); }

function clock(seconds) { return new Date(seconds * 1000).toLocaleTimeString("en-GB"); }

function hours(_, splits) { return splits.map(clock); }

function exact(value) { return value.toLocaleString("en", { maximumFractionDigits: 3 }); }

// short writes a number of an axis with the suffixes that quantities have.
function short(value) {
  const power = value === 0 ? 0 : Math.max(0, Math.min(5, Math.floor(Math.log10(Math.abs(value)) / 3)));
  return exact(value / 1000 ** power) + ["", "k", "M", "G", "T", "P"][power];
}

function count(value) { return value === null || value === undefined ? "unknown" : String(value); }

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const section of sections.values()) for (const plot of section.root.plots) plot.redraw();
});
