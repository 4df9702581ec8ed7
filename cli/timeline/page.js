// What a reader does with the page, and what it says in words.
const $ = (id) => document.getElementById(id);

// Text is only ever set as text: what a guest wrote stays words.
function make(tag, text, parent, kind) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  if (parent) parent.append(element);
  return element;
}

function describe(cpu) {
  const place = [["package", cpu.package], ["node", cpu.node], ["core", cpu.core]]
    .filter(([, value]) => value >= 0).map(([name, value]) => `${name} ${value}`).join(", ");
  return `${cpu.bsp ? "BSP, " : ""}APIC ID ${cpu.apicId}${place ? ` (${place})` : ""}`;
}

// So that moments can be compared, and found in the report.
const micros = (ns) => ns < Infinity ? number(ns / 1000, 3) : "–";

// Figures of what is under the pointer.
function showTip(x, y) {
  const tip = $("tip"), cpu = x >= LEFT - 60 && x <= width ? cpuAt(y) : undefined;
  tip.hidden = !cpu;
  if (!cpu) return;
  tip.replaceChildren();
  make("b", describe(cpu), tip);
  const time = timeAt(x), at = spanAt(cpu, time);
  if (at) {
    const [state, from, to] = at, ends = to < Infinity;
    make("span", `${data.states[state][1]}${ends ? `: ${duration(to - from)}` : ""}`, tip);
    make("span", `from ${moment(from)}${ends ? ` to ${moment(to)}` : " on"}`, tip);
  } else {
    const early = !cpu.bsp && cpu.spans.length && time < cpu.spans[0][1];
    make("span", `${moment(time)}: ${early ? "not woken yet" : "nothing is known of it here"}`, tip);
  }
  if (cpu.on >= 0) make("span", `on after ${duration(cpu.on)}`, tip);
  if (cpu.failed) make("span", `${cpu.state}: ${cpu.failure}`, tip, "bad");
  if (cpu.late) make("span", "came after the boot", tip);
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(0, x + 16 + box.width > width ? x - 16 - box.width : x + 16)}px`;
  tip.style.top = `${y + 18}px`;
}

function makeTable(headings, lines, parent) {
  const table = make("table", undefined, make("div", undefined, parent));
  const head = make("tr", undefined, make("thead", undefined, table)), body = make("tbody", undefined, table);
  for (const heading of headings) make("th", heading, head).scope = "col";
  for (const line of lines) {
    const row = make("tr", undefined, body, line.bad ? "bad" : "");
    for (const cell of line.cells) make("td", cell, row);
    if (line.cpu) row.addEventListener("click", () => choose(line.cpu, true));
  }
  return table;
}

function choose(cpu, reveal) {
  view.chosen = cpu;
  const details = $("details");
  details.replaceChildren();
  if (cpu) {
    make("h2", `${describe(cpu)}: ${cpu.failed ? `${cpu.state}, ${cpu.failure}` : cpu.state}`, details);
    makeTable(["phase", "from, µs", "to, µs", "took"], cpu.spans.map(([state, from, to]) => ({
      cells: [data.states[state][1], micros(from), micros(to), duration(to - from)],
      bad: state === STATE.failed })), details);
    if (cpu.records.length) makeTable(["trace record", "at, µs", "argument", "value"], cpu.records.map(
      ([at, event, argument, value]) => ({ cells: [event, micros(at), argument, value] })), details);
    if (cpu.lost) make("p", "Its oldest trace records are lost.", details, "muted");
  }
  const row = rows.indexOf(cpu);
  if (reveal && row >= 0 && (yOf(row) < TOP || yOf(row) + rowHeight() > height))
    scroll.scrollTop = row * rowHeight() - (height - TOP) / 2;
  draw();
}

// A number as people write APIC IDs: 12, 0xc.
function search() {
  const text = $("search").value.trim(), found = $("found");
  const id = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : NaN;
  const cpu = data.cpus.find((one) => one.apicId === id);
  found.className = text && !cpu ? "none" : "";
  found.textContent = !text ? "" : cpu ? `${describe(cpu)}: ${cpu.state}` : "no such CPU";
  choose(cpu || null, true);
}

function step(by) {
  const all = [bsp, ...rows], at = all.indexOf(view.chosen);
  choose(all[Math.min(Math.max(at + by, 0), all.length - 1)], true);
}

// Around what the BSP does; without a trace around what the CPUs tell.
function showStage(start) {
  const stages = data.stages.filter(([kind]) => Boolean(kind) === start);
  const states = start ? [STATE.starting, STATE.on] : [STATE.woken, ...WORK];
  const spans = stages.length ? stages : rows.flatMap((cpu) => cpu.spans.filter(([state]) => states.includes(state)));
  if (!spans.length) return;
  const from = spans.reduce((least, [, at]) => Math.min(least, at), Infinity);
  const first = stages.length ? stages[0][2] : spans.reduce((most, [state, at, to]) =>
    Math.max(most, to < Infinity ? to : at), -Infinity);
  show(from - 0.03 * (first - from), first + 0.05 * (first - from));
}

const actions = {
  "bring-up": () => show(...home),
  waking: () => showStage(false),
  starting: () => showStage(true),
  everything: () => show(Math.min(data.first, home[0]), Math.max(data.last, home[1])),
  "zoom-in": () => zoom(0.5, (view.from + view.to) / 2),
  "zoom-out": () => zoom(2, (view.from + view.to) / 2),
  taller: () => {
    view.high = !view.high;
    $("taller").setAttribute("aria-pressed", view.high);
    fit();
    choose(view.chosen, true);
  },
};

const keys = {
  ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15), ArrowUp: () => step(-1), ArrowDown: () => step(1),
  "+": actions["zoom-in"], "=": actions["zoom-in"], "-": actions["zoom-out"], 0: actions["bring-up"],
  1: actions.waking, 2: actions.starting, 3: actions.everything, Home: actions["bring-up"], End: actions.everything,
  r: actions.taller,
  PageUp: () => { scroll.scrollTop -= height - TOP; }, PageDown: () => { scroll.scrollTop += height - TOP; },
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target === $("search")) return;
  if (event.key === "/") $("search").focus();
  else if (!keys[event.key] || (event.target !== canvas && event.key.length > 1)) return;
  else keys[event.key]();
  event.preventDefault();
}

// On the axis a drag marks what to zoom to; anywhere else it moves the paper.
let drag = null;
function onPointerDown(event) {
  if (event.button !== 0) return;
  const { offsetX: x, offsetY: y } = event;
  drag = { x, y, from: view.from, to: view.to, top: scroll.scrollTop, moved: false, marks: y < AXIS };
  canvas.setPointerCapture(event.pointerId);
}

function onPointerMove(event) {
  const { offsetX: x, offsetY: y } = event;
  if (!drag) return showTip(x, y);
  drag.moved = drag.moved || Math.hypot(x - drag.x, y - drag.y) > 3;
  $("tip").hidden = true;
  if (!drag.moved) return;
  if (drag.marks) {
    view.marked = [drag.x, x];
    return draw();
  }
  canvas.classList.add("dragging");
  scroll.scrollTop = drag.top + drag.y - y;
  const by = (drag.x - x) / (width - LEFT - RIGHT) * (drag.to - drag.from);
  show(drag.from + by, drag.to + by);
}

function onPointerUp(event) {
  if (!drag) return;
  const { marks, moved, x } = drag;
  drag = view.marked = null;
  canvas.classList.remove("dragging");
  if (marks && moved) show(timeAt(Math.min(x, event.offsetX)), timeAt(Math.max(x, event.offsetX)));
  else if (!moved) choose(cpuAt(event.offsetY) || null, false);
}

function onWheel(event) {
  event.preventDefault();
  const by = event.deltaY || event.deltaX;
  if (event.shiftKey) scroll.scrollTop += by;
  else zoom(Math.exp(Math.max(-1, Math.min(1, by / 400))), timeAt(Math.max(event.offsetX, LEFT)));
  showTip(event.offsetX, event.offsetY);
}

function fillHeader() {
  for (const id of ["title", "totals", "machine"]) $(id).textContent = data[id];
  canvas.setAttribute("aria-label", `${data.title}. ${data.totals}. All figures are in the table below.`);
  const off = data.asked - data.on;
  if (off <= 0 && !data.failures.length) return;
  const ids = rows.filter((cpu) => cpu.failed).map((cpu) => cpu.apicId).join(", ");
  const of = `${off} of ${data.asked} ${data.asked === 1 ? "CPU" : "CPUs"}`;
  make("strong", off > 0 ? `✗ ${of} did not come on${ids ? `: APIC ID ${ids}` : ""}`
    : "✗ All CPUs came on, but the run failed", $("alarm"));
  const list = make("ul", undefined, $("alarm"));
  for (const failure of data.failures) make("li", failure, list);
  $("alarm").hidden = false;
}

function fillLegend() {
  const used = new Set([STATE.on, ...rows.flatMap((cpu) => cpu.spans.map(([state]) => state))]);
  data.states.forEach(([name, text], state) => {
    if (!used.has(state)) return;
    const item = make("li", undefined, $("legend")), thin = SENT.includes(state) || IDLE.includes(state);
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", "M0 7H28");
    line.setAttribute("stroke", `var(--${name})`);
    line.setAttribute("stroke-width", thin ? 5 : 14);
    if (SENT.includes(state)) line.setAttribute("stroke-dasharray", "6 3");
    picture.setAttribute("aria-hidden", "true");
    picture.append(line);
    item.append(picture, text);
  });
}

// Made when it is asked for: it has a cell for each phase of each CPU.
function fillTable() {
  const phases = data.states.map(([, text], state) => [text, state]).slice(0, STATE.on + 1);
  const lines = data.cpus.map((cpu) => ({
    cpu, bad: cpu.failed,
    cells: [cpu.apicId, ...phases.map(([, state]) => {
      const first = cpu.spans.find(([one]) => one === state);
      return first ? micros(first[1]) : "–";
    }), cpu.failed ? `${cpu.state}: ${cpu.failure}` : cpu.state] }));
  make("p", "First time of each, in µs since the first wake was sent", $("table"), "muted");
  makeTable(["APIC ID", ...phases.map(([text]) => text), "state"], lines, $("table"));
}

function listen() {
  for (const [id, action] of Object.entries(actions)) $(id).addEventListener("click", action);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", search);
  $("table").addEventListener("toggle", fillTable, { once: true });
  document.addEventListener("keydown", onKey);
  canvas.addEventListener("pointerdown", onPointerDown);
  canvas.addEventListener("pointermove", onPointerMove);
  canvas.addEventListener("pointerup", onPointerUp);
  canvas.addEventListener("pointercancel", () => { drag = view.marked = null; draw(); });
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  canvas.addEventListener("dblclick", actions["bring-up"]);
  canvas.addEventListener("wheel", onWheel, { passive: false });
  scroll.addEventListener("scroll", draw);
  window.addEventListener("resize", fit);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);
}

fillHeader();
fillLegend();
listen();
readColours();
fit();
