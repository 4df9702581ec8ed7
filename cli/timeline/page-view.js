// What is seen: a stretch of time and some rows; and how it is drawn.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const STATE = Object.fromEntries(data.states.map(([name], i) => [name, i]));
const SENT = [STATE.woken, STATE.starting];
const IDLE = [STATE.parked, STATE.away, STATE.unknown];
const WORK = [STATE["real-mode"], STATE["long-mode"], STATE["own-tables"]];

const LEFT = 96, RIGHT = 10, TOP = 70, AXIS = 26; // of the chart, in CSS pixels
const SHORTEST = 20; // nanoseconds in view at least
for (const cpu of data.cpus) // one without an end goes on for ever
  for (const span of cpu.spans) if (span.length < 3) span.push(Infinity);
const bsp = data.cpus[data.bsp];
const rows = data.cpus.filter((cpu) => cpu !== bsp);
const canvas = document.getElementById("chart");
const scroll = document.getElementById("scroll");
const span = Math.max(data.bringUp, 100);
const home = [-0.01 * span, 1.04 * span];
const view = { from: home[0], to: home[1], high: false, chosen: null, marked: null };
let colours = {}, width = 0, height = 0, pending = false;

const number = (value, digits) => value.toLocaleString("en", {
  minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });

// "9.15 ms", with three digits.
function duration(ns) {
  const units = ["ns", "µs", "ms", "s"];
  let value = Math.abs(ns), i = 0;
  if (value === Infinity) return "–";
  for (; i < 3 && value >= 999.5; i++) value /= 1000;
  const digits = i === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${ns < 0 ? "−" : ""}${number(value, digits)} ${units[i]}`;
}

// So exact that two neighbouring pixels differ.
function moment(ns) {
  const [unit, name] = unitOf(view.to);
  const digits = Math.min(6, Math.max(0, Math.ceil(Math.log10(unit / ((view.to - view.from) / 500)))));
  return `${number(ns / unit, digits)} ${name}`;
}

const unitOf = (ns) => [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]].find(([unit]) => ns >= 10 * unit) || [1, "ns"];
const rowHeight = () => view.high ? 20 : Math.max(1, Math.min(26, (height - TOP) / Math.max(rows.length, 1)));
const rowsHeight = () => rows.length * rowHeight();
const xOf = (ns) => LEFT + (ns - view.from) / (view.to - view.from) * (width - LEFT - RIGHT);
const timeAt = (x) => view.from + (x - LEFT) / (width - LEFT - RIGHT) * (view.to - view.from);
const yOf = (row) => TOP + row * rowHeight() - scroll.scrollTop;

function cpuAt(y) {
  if (y >= AXIS && y < TOP) return bsp;
  const row = Math.floor((y - TOP + scroll.scrollTop) / rowHeight());
  return y >= TOP ? rows[row] : undefined;
}

function spanAt(cpu, ns) {
  return cpu.spans.find(([, from, to]) => from <= ns && ns <= Math.max(to, from + (view.to - view.from) / 300));
}

// Never before the first that is known, nor behind the last.
function show(from, to) {
  const first = Math.min(data.first, home[0]), last = Math.max(data.last, home[1]);
  const length = Math.min(Math.max(to - from, SHORTEST), last - first);
  const middle = (from + to) / 2;
  view.from = Math.min(Math.max(middle - length / 2, first), last - length);
  view.to = view.from + length;
  draw();
}

const zoom = (factor, at) => show(at - (at - view.from) * factor, at + (view.to - at) * factor);
const move = (share) => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));

function bar(pen, state, x, y, long, high) {
  const dense = rowHeight() < 8, name = data.states[state][0];
  const waits = SENT.includes(state) || IDLE.includes(state);
  pen.fillStyle = pen.strokeStyle = colours[name];
  if (dense && SENT.includes(state)) pen.fillStyle = colours["dense-sent"];
  if (dense && state === STATE.parked) pen.fillStyle = colours["dense-parked"];
  if (dense || !waits) {
    pen.fillRect(x, y, Math.max(long, 1), high);
  } else {
    pen.lineWidth = high * 0.36;
    pen.setLineDash(SENT.includes(state) ? [6, 3] : state === STATE.unknown ? [2, 2] : []);
    pen.beginPath();
    pen.moveTo(x, y + high / 2);
    pen.lineTo(x + long, y + high / 2);
    pen.stroke();
    pen.setLineDash([]);
  }
}

// Hatched, so that it is not the colour alone that tells.
function hatch(pen, x, y, long, high) {
  pen.strokeStyle = colours.paper;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = x + 2; at + high / 2 < x + long; at += 6) {
    pen.moveTo(at, y + high);
    pen.lineTo(at + high / 2, y);
  }
  pen.stroke();
}

function drawSpans(pen, cpu, y, high) {
  for (const work of [false, true]) {
    for (const [state, from, to] of cpu.spans) {
      if (WORK.includes(state) !== work || to < view.from || from > view.to) continue;
      const left = Math.max(xOf(from), LEFT), right = Math.min(xOf(to), width - RIGHT);
      bar(pen, state, left, y, Math.max(right - left, 0), high);
      if (state === STATE.failed && high > 6) hatch(pen, left, y, right - left, high);
    }
  }
}

function tickStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

function drawAxis(pen) {
  const step = tickStep((view.to - view.from) * 90 / (width - LEFT - RIGHT));
  const [unit, name] = unitOf(Math.max(Math.abs(view.from), view.to));
  const digits = Math.max(0, Math.ceil(Math.log10(unit / step) - 1e-9));
  pen.strokeStyle = colours.grid;
  pen.lineWidth = 1;
  for (let tick = Math.ceil(view.from / step) * step + 0; tick <= view.to; tick += step) {
    const x = Math.round(xOf(tick)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, AXIS - 4);
    pen.lineTo(x, height);
    pen.stroke();
    write(pen, number(tick / unit + 0, digits), x, 14, "center", colours.muted);
  }
  write(pen, `time, ${name}`, LEFT - 12, 14, "right", colours.muted);
}

function write(pen, text, x, y, align, colour, bold) {
  pen.font = `${bold ? "600 " : ""}12px system-ui, "DejaVu Sans", sans-serif`;
  pen.textAlign = align;
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

function drawBsp(pen) {
  write(pen, `BSP ${bsp.apicId}`, LEFT - 12, AXIS + 18, "right", colours.text, true);
  pen.fillStyle = colours.on;
  pen.fillRect(LEFT, AXIS + 11, width - LEFT - RIGHT, 6);
  for (const [start, from, to] of data.stages) {
    const left = Math.max(xOf(from), LEFT), right = Math.min(xOf(to), width - RIGHT);
    if (right < left) continue;
    pen.fillStyle = colours.wake;
    pen.fillRect(left, AXIS + 6, Math.max(right - left, 1), 16);
    if (right - left > 60) write(pen, start ? "starts" : "wakes", left + 6, AXIS + 18, "left", colours.paper, true);
  }
}

// An arrow to each of few CPUs, and to the chosen one; a tick for everybody.
function drawMessages(pen) {
  const arrows = rowHeight() >= 14 && rows.length <= 16;
  pen.strokeStyle = pen.fillStyle = colours.wake;
  pen.lineWidth = 1;
  for (const [at, from, to] of data.messages) {
    const cpu = data.cpus[to], x = xOf(at);
    if (data.cpus[from] !== bsp || x < LEFT || x > width - RIGHT) continue;
    const full = arrows || cpu === view.chosen;
    const end = full ? yOf(rows.indexOf(cpu)) + rowHeight() * 0.3 : AXIS + 32;
    pen.beginPath();
    pen.moveTo(x, AXIS + 20);
    pen.lineTo(x, Math.max(end, AXIS + 20));
    pen.stroke();
    if (full && end > TOP) pen.fill(new Path2D(`M${x} ${end}l-3 -6h6z`));
  }
}

function drawRow(pen, cpu, row) {
  // Whole pixels, or thin rows would shimmer.
  const pitch = rowHeight(), y = Math.round(yOf(row)), next = Math.round(yOf(row + 1));
  const high = Math.max(next - y - (pitch >= 16 ? 5 : pitch >= 10 ? 3 : 0), cpu.failed ? 3 : 1);
  if (y + pitch < TOP || y > height) return;
  const labels = Math.max(1, 2 ** Math.ceil(Math.log2(14 / pitch)));
  if (cpu === view.chosen) {
    pen.fillStyle = colours.wake;
    pen.fillRect(LEFT - 8, y - 1, 5, Math.max(high + 2, 5));
  }
  pen.fillStyle = colours.row;
  pen.fillRect(LEFT, y, width - LEFT - RIGHT, high);
  drawSpans(pen, cpu, y, high);
  if (cpu.failed) {
    pen.fillStyle = colours.alarm;
    pen.fillRect(LEFT - 3, y, 3, Math.max(high, 2));
  }
  if (row % labels === 0 || cpu === view.chosen || (cpu.failed && pitch >= 10))
    write(pen, `${cpu.failed ? "✗ " : ""}${cpu.apicId}`, LEFT - 12, y + high / 2 + 4, "right",
      cpu.failed ? colours.alarm : colours.text, cpu.failed || cpu === view.chosen);
  if (cpu.failed && high >= 11) drawReason(pen, cpu, y, high);
}

// On paper of its own, and no longer than the row.
function drawReason(pen, cpu, y, high) {
  const right = width - RIGHT - 8;
  let text = cpu.failure;
  pen.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
  while (text.length > 1 && pen.measureText(text).width > right - LEFT - 20) text = `${text.slice(0, -2)}…`;
  const long = pen.measureText(text).width;
  pen.fillStyle = colours.paper;
  pen.fillRect(right - long - 6, y, long + 12, high);
  write(pen, text, right, y + high / 2 + 4, "right", colours.alarm, true);
}

function paint() {
  pending = false;
  const scale = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  pen.scale(scale, scale);
  drawAxis(pen);
  pen.save();
  pen.beginPath();
  pen.rect(0, TOP - 7, width, height - TOP + 7);
  pen.clip();
  for (const failed of [false, true]) // last, and so over those beside them
    rows.forEach((cpu, row) => { if (cpu.failed === failed) drawRow(pen, cpu, row); });
  pen.restore();
  drawBsp(pen);
  drawMessages(pen);
  if (view.marked) {
    pen.globalAlpha = 0.25;
    pen.fillStyle = colours.wake;
    pen.fillRect(Math.min(...view.marked), 0, Math.abs(view.marked[1] - view.marked[0]), height);
    pen.globalAlpha = 1;
  }
  document.getElementById("range").textContent = `${moment(view.from)} – ${moment(view.to)}`;
}

// At most once a frame, however many events there are.
function draw() {
  if (!pending) requestAnimationFrame(paint);
  pending = true;
}

function fit() {
  const wanted = TOP + rows.length * (view.high ? 20 : 26);
  const room = window.innerHeight - canvas.getBoundingClientRect().top - window.scrollY - 70;
  height = Math.max(Math.min(wanted, Math.max(room, 420)), 120);
  canvas.style.height = scroll.style.height = `${height}px`;
  scroll.hidden = rowsHeight() <= height - TOP + 1;
  scroll.firstElementChild.style.height = `${rowsHeight() + TOP}px`;
  width = canvas.getBoundingClientRect().width;
  draw();
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = [...data.states.map(([name]) => name), "paper", "text", "muted", "grid", "row", "wake", "alarm",
    "dense-sent", "dense-parked"];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  draw();
}
