// The plot: a point for each chosen result, with its intervals; drag a rectangle, or use the buttons or keys, to zoom.
const COLORS_AT_NIGHT = ["#4aa8e0", "#f0813c", "#2fc79a", "#dd93c0", "#8fcdf3", "#e0b040", null];
const COLORS = ["#0072b2", "#d55e00", "#008a64", "#b4558c", "#3787b5", "#a87400", null];
const MARKERS = [
  (c, x, y, r) => c.arc(x, y, r, 0, 7),
  (c, x, y, r) => c.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
  (c, x, y, r) => { c.moveTo(x, y - r * 1.2); c.lineTo(x + r * 1.15, y + r * 0.9); c.lineTo(x - r * 1.15, y + r * 0.9); c.closePath(); },
  (c, x, y, r) => { c.moveTo(x, y - r * 1.3); c.lineTo(x + r * 1.2, y); c.lineTo(x, y + r * 1.3); c.lineTo(x - r * 1.2, y); c.closePath(); },
  (c, x, y, r) => { c.moveTo(x, y + r * 1.2); c.lineTo(x + r * 1.15, y - r * 0.9); c.lineTo(x - r * 1.15, y - r * 0.9); c.closePath(); },
];
const WHOLE = { left: -0.03, right: 1.03, bottom: -0.03, top: 1.03 };
const MOST_BARS = 400, MOST_METHODS = 14, EDGE = { left: 52, right: 12, top: 12, bottom: 44 };
const canvas = find("#board-plot"), tip = find(".tip");
let styles = [], marks = [], places = [], drag = null, size = { width: 0, height: 0 };

function makeStyles() {
  const { values, codes } = data.facets.method, counts = new Array(values.length).fill(0);
  for (const code of codes) counts[code]++;
  const ranks = [...counts.keys()].sort((one, other) => counts[other] - counts[one] || one - other);
  ranks.forEach((code, rank) => { styles[code] = { color: rank % COLORS.length, marker: MARKERS[rank % MARKERS.length] }; });
}
let inks = {};
function readInks() {
  find(".board").classList.toggle("night", document.body.classList.contains("dark"));
  const style = getComputedStyle(find(".board"));
  inks = Object.fromEntries(["--ink", "--soft", "--line", "--accent"].map((name) => [name, style.getPropertyValue(name).trim()]));
  inks.colors = document.body.classList.contains("dark") ? COLORS_AT_NIGHT : COLORS;
  marks = [];
}
const ink = (name) => inks[name];
const colorOf = (code) => inks.colors[styles[code].color] ?? inks["--ink"];
const view = () => state.view ?? WHOLE;
const inner = () => ({ width: size.width - EDGE.left - EDGE.right, height: size.height - EDGE.top - EDGE.bottom });
const toX = (value) => EDGE.left + ((value - view().left) / (view().right - view().left)) * inner().width;
const toY = (value) => EDGE.top + ((view().top - value) / (view().top - view().bottom)) * inner().height;
const fromX = (x) => view().left + ((x - EDGE.left) / inner().width) * (view().right - view().left);
const fromY = (y) => view().top - ((y - EDGE.top) / inner().height) * (view().top - view().bottom);

function draw() {
  if (!data || !size.width) return;
  const ratio = window.devicePixelRatio || 1, c = canvas.getContext("2d");
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawAxes(c);
  const xs = data.figures[state.x], ys = data.figures[state.y], limits = view();
  const inside = (index) => xs[index] !== null && ys[index] !== null && xs[index] >= limits.left && xs[index] <= limits.right && ys[index] >= limits.bottom && ys[index] <= limits.top;
  const drawn = chosen.filter(inside);
  c.save();
  c.beginPath(); c.rect(EDGE.left, EDGE.top, inner().width, inner().height); c.clip();
  const few = drawn.length <= MOST_BARS;
  if (few) drawBars(c, drawn);
  places = drawPoints(c, drawn, xs, ys, few);
  c.restore();
  if (drag && drag.moved) { c.strokeStyle = ink("--accent"); c.lineWidth = 2; c.strokeRect(drag.x, drag.y, drag.toX - drag.x, drag.toY - drag.y); }
  describe(drawn, few);
}

function drawPoints(c, drawn, xs, ys, few) {
  const byMethod = new Map(), found = [], codes = data.facets.method.codes;
  for (const index of drawn) {
    const x = toX(xs[index]), y = toY(ys[index]);
    found.push([x, y, index]);
    if (!byMethod.has(codes[index])) byMethod.set(codes[index], []);
    byMethod.get(codes[index]).push([x, y]);
  }
  c.globalAlpha = few ? 1 : Math.max(0.25, Math.min(0.8, 1500 / drawn.length));
  for (const [code, points] of byMethod) {
    c.fillStyle = colorOf(code);
    c.beginPath();
    for (const [x, y] of points) { c.moveTo(x + (few ? 5 : 3), y); styles[code].marker(c, x, y, few ? 5 : 3); }
    c.fill();
  }
  c.globalAlpha = 1;
  return found;
}

function drawBars(c, drawn) {
  c.lineWidth = 1.2;
  c.globalAlpha = 0.55;
  for (const index of drawn) {
    const x = toX(figure(state.x, index)), y = toY(figure(state.y, index));
    const [left, right, low, high] = [`${state.x}_low`, `${state.x}_high`, `${state.y}_low`, `${state.y}_high`].map((name) => figure(name, index));
    c.strokeStyle = colorOf(data.facets.method.codes[index]);
    c.beginPath();
    if (left !== null && right !== null) { c.moveTo(toX(left), y); c.lineTo(toX(right), y); }
    if (low !== null && high !== null) { c.moveTo(x, toY(low)); c.lineTo(x, toY(high)); }
    c.stroke();
  }
  c.globalAlpha = 1;
}

function drawAxes(c) {
  const limits = view();
  c.font = "13px system-ui, sans-serif";
  c.lineWidth = 1;
  const ticks = (low, high) => {
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((one) => (high - low) / one <= 6) ?? 0.5, values = [];
    for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) if (value > -1e-9 && value < 1 + 1e-9) values.push(value);
    return values.map((value) => [value, value.toFixed(step < 0.01 ? 3 : step < 0.1 ? 2 : 1)]);
  };
  c.fillStyle = ink("--soft"); c.strokeStyle = ink("--line");
  c.textAlign = "center"; c.textBaseline = "top";
  for (const [value, label] of ticks(limits.left, limits.right)) { line(c, toX(value), EDGE.top, toX(value), size.height - EDGE.bottom); c.fillText(label, toX(value), size.height - EDGE.bottom + 6); }
  c.textAlign = "right"; c.textBaseline = "middle";
  for (const [value, label] of ticks(limits.bottom, limits.top)) { line(c, EDGE.left, toY(value), size.width - EDGE.right, toY(value)); c.fillText(label, EDGE.left - 7, toY(value)); }
  c.fillStyle = ink("--ink"); c.textAlign = "center"; c.textBaseline = "bottom";
  c.fillText(data.titles[state.x].replace("↑", "→"), EDGE.left + inner().width / 2, size.height - 4);
  c.save(); c.translate(13, EDGE.top + inner().height / 2); c.rotate(-Math.PI / 2); c.textBaseline = "middle"; c.fillText(data.titles[state.y].replace("↑", "→"), 0, 0); c.restore();
}
function line(c, x0, y0, x1, y1) { c.beginPath(); c.moveTo(x0, y0); c.lineTo(x1, y1); c.stroke(); }

function describe(drawn, few) {
  const codes = [...new Set(drawn.map((index) => data.facets.method.codes[index]))].sort((one, other) => one - other);
  const entries = codes.slice(0, MOST_METHODS).map((code) => marks[code] ??= makeMark(code));
  if (codes.length > MOST_METHODS) entries.push(make("li", {}, `and ${codes.length - MOST_METHODS} more`));
  const listed = find(".legend").children;
  if (listed.length !== entries.length || entries.some((entry, place) => entry !== listed[place])) find(".legend").replaceChildren(...entries);
  const bars = few ? "Lines are intervals, or standard deviations over seeds. " : `Intervals are drawn for ${MOST_BARS} points or fewer: filter or zoom in. `;
  find("#board-plot-note").textContent = `${bars}Drag a rectangle to zoom, click a point to open it; keys: + and − zoom, arrows move, 0 shows all.`;
  canvas.setAttribute("aria-label", `${data.titles[state.y]} against ${data.titles[state.x]}, ${drawn.length} points; the table below has the numbers`);
}

function makeMark(code) {
  const mark = document.createElement("canvas"), c = mark.getContext("2d");
  mark.width = mark.height = 28;
  mark.style.cssText = "width:14px;height:14px";
  mark.setAttribute("aria-hidden", "true");
  c.fillStyle = colorOf(code);
  c.beginPath();
  styles[code].marker(c, 14, 14, 9);
  c.fill();
  return make("li", {}, mark, data.facets.method.values[code]);
}

function zoom(factor, x = 0.5, y = 0.5) {
  const { left, right, bottom, top } = view();
  if (!factor) state.view = null;
  else {
    const width = Math.min(1.06, Math.max(0.01, (right - left) * factor)), height = Math.min(1.06, Math.max(0.01, (top - bottom) * factor));
    move(left + ((right - left) - width) * x, bottom + ((top - bottom) - height) * y, width, height);
  }
  draw();
}
function move(left, bottom, width, height) {
  const at = (value, extent) => Math.max(WHOLE.left, Math.min(WHOLE.right - extent, value));
  left = at(left, width); bottom = at(bottom, height);
  state.view = { left, right: left + width, bottom, top: bottom + height };
}
function pan(x, y) {
  const { left, right, bottom, top } = view();
  move(left + (right - left) * x, bottom + (top - bottom) * y, right - left, top - bottom);
  draw();
}

function nearest(event) {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  let best = null, least = 144;
  for (const place of places) { const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2; if (distance <= least) { least = distance; best = place; } }
  return best;
}
function hover(event) {
  const place = nearest(event);
  tip.hidden = place === null;
  canvas.style.cursor = place ? "pointer" : "crosshair";
  if (!place) return;
  const [x, y, index] = place;
  const entry = (name) => `${data.titles[name].replace(" ↑", "")} ${text(figure(name, index))}${spread(name, index) ? ` (${spread(name, index)})` : ""}`;
  tip.textContent = [`${facet("method", index)}, ${facet("model", index)}`, `${facet("benchmark", index)} ${facet("version", index)}, ${facet("tasks", index)} tasks`, entry(state.x), entry(state.y)].join("\n");
  tip.style.left = `${Math.max(0, Math.min(x + 12, size.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y > size.height / 2 ? y - tip.offsetHeight - 10 : y + 14}px`;
}

canvas.addEventListener("pointerdown", (event) => {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  if (event.button === 0) drag = { x, y, toX: x, toY: y, moved: false };
  if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerType !== "mouse") { hover(event); return; }
  const box = canvas.getBoundingClientRect();
  drag.toX = event.clientX - box.left; drag.toY = event.clientY - box.top;
  drag.moved = Math.abs(drag.toX - drag.x) > 8 && Math.abs(drag.toY - drag.y) > 8;
  tip.hidden = true;
  draw();
});
canvas.addEventListener("pointerup", (event) => {
  const done = drag;
  drag = null;
  if (done && done.moved) {
    const [left, right] = [fromX(done.x), fromX(done.toX)].sort((a, b) => a - b), [bottom, top] = [fromY(done.y), fromY(done.toY)].sort((a, b) => a - b);
    move(left, bottom, Math.max(0.01, right - left), Math.max(0.01, top - bottom));
    draw();
    return;
  }
  const place = nearest(event);
  if (done && place) location.hash = `run=${encodeURIComponent(data.paths[place[2]])}`;
});
canvas.addEventListener("pointercancel", () => { drag = null; });
canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
canvas.addEventListener("dblclick", () => zoom(0));
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;  // the wheel alone scrolls the page
  event.preventDefault();
  const box = canvas.getBoundingClientRect();
  zoom(event.deltaY < 0 ? 0.8 : 1.25, (event.clientX - box.left - EDGE.left) / inner().width, 1 - (event.clientY - box.top - EDGE.top) / inner().height);
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const keys = { "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => zoom(0), ArrowLeft: () => pan(-0.2, 0), ArrowRight: () => pan(0.2, 0), ArrowUp: () => pan(0, 0.2), ArrowDown: () => pan(0, -0.2) };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
