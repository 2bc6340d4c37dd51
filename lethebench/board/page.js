// The list: filters, plot, table. Everything happens in the page; the server sends the table once and one result at a time.
const find = (selector) => element.querySelector(selector);
const PER_PAGE = 25;
const NAMES = { benchmark: "Benchmark", version: "Version", size: "Size", model: "Model", method: "Method", tasks: "Sequence length", budget: "Tuning budget" };
const state = { filters: {}, sort: "score", falling: true, page: 0, x: "forget", y: "keep", view: null };
let data = null, chosen = [];

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return node;
}
const figure = (name, index) => data.figures[name][index];
const facet = (name, index) => data.facets[name].values[data.facets[name].codes[index]];
const text = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));
const spread = (name, index, digits = 3) => {
  const low = figure(`${name}_low`, index), high = figure(`${name}_high`, index);
  return low === null || high === null ? "" : `${text(low, digits)} to ${text(high, digits)}`;
};

function read(table) {
  data = table;
  for (const values of Object.values(data.figures)) for (let index = 0; index < values.length; index++) if (values[index] !== null) values[index] /= data.scale;
  const folder = (index) => `results/${facet("benchmark", index)}/${facet("version", index)}/${facet("model", index).replaceAll("/", "__")}/${facet("method", index)}`;
  data.paths = data.names.map((name, index) => (name.includes("/") ? name : `${folder(index)}/${name}.json`));
}

function filter() {
  const tests = Object.entries(state.filters).map(([name, value]) => [data.facets[name].codes, data.facets[name].values.indexOf(value)]);
  chosen = [];
  for (let index = 0; index < data.paths.length; index++) if (tests.every(([codes, code]) => codes[index] === code)) chosen.push(index);
  const column = sortValues(state.sort), sign = state.falling ? -1 : 1;
  chosen.sort((one, other) => {
    const a = column[one], b = column[other];
    if (a === null || b === null) return (a === null) - (b === null) || one - other;
    return (a < b ? -sign : a > b ? sign : one - other);
  });
}
function sortValues(name) {
  if (name in data.facets) return data.facets[name].codes;
  return name === "seeds" ? data.seeds : data.figures[name];
}

function update() {
  filter();
  const count = data.paths.length;
  find(".count").textContent = chosen.length === count ? `${count.toLocaleString("en")} results` : `${chosen.length.toLocaleString("en")} of ${count.toLocaleString("en")} results`;
  draw();
  drawTable();
}

let addressing = 0;
function setFilter(name, value) {
  if (value) state.filters[name] = value; else delete state.filters[name];
  state.page = 0;
  for (const select of element.querySelectorAll(".filters select")) select.value = state.filters[select.name] ?? "";
  const words = new URLSearchParams(state.filters).toString();
  clearTimeout(addressing);  // the browser takes long for it: after the page is drawn
  addressing = setTimeout(() => history.replaceState(null, "", words ? `#${words}` : location.pathname + location.search), 100);
  update();
}

function makeFilters() {
  const form = find(".filters");
  for (const [name, { values, codes }] of Object.entries(data.facets)) {
    const counts = new Array(values.length).fill(0);
    for (const code of codes) counts[code]++;
    const options = values.map((value, code) => make("option", { value }, `${value} (${counts[code].toLocaleString("en")})`));
    const select = make("select", { name, id: `board-${name}` }, make("option", { value: "" }, "all"), ...options);
    select.addEventListener("change", () => setFilter(name, select.value));
    form.append(make("label", { for: select.id }, NAMES[name], select));
  }
  const clear = make("button", { type: "button", id: "board-clear" }, "Clear filters");
  clear.addEventListener("click", () => { state.filters = {}; state.view = null; setFilter("benchmark", ""); });
  form.append(clear);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const axis of ["x", "y"]) {
    const select = find(`#board-${axis}`);
    for (const [name, title] of Object.entries(data.titles)) select.append(make("option", { value: name }, title));
    select.value = state[axis];
    select.addEventListener("change", () => { state[axis] = select.value; state.view = null; draw(); });
  }
}

function drawTable() {
  const figures = Object.entries(data.titles).filter(([name]) => name !== "score_last");
  const columns = [["method", "Method"], ["model", "Model"], ["benchmark", "Benchmark"], ["tasks", "Tasks"], ...figures, ["seeds", "Seeds"], ["budget", "Budget"]];
  const wide = (name) => (["model", "benchmark", "tasks"].includes(name) ? "wide" : null);
  const heads = columns.map(([name, title]) => {
    const sorted = state.sort === name;
    const button = make("button", { type: "button", "data-sort": name, title: data.hints[name] }, title + (sorted ? (state.falling ? " ▾" : " ▴") : ""));
    button.addEventListener("click", () => {
      state.falling = sorted ? !state.falling : name in data.titles || name === "seeds";
      state.sort = name; state.page = 0;
      filter(); drawTable();
      find(`#board-table [data-sort="${name}"]`).focus();
    });
    return make("th", { scope: "col", class: name in data.titles ? "number" : wide(name), "aria-sort": sorted ? (state.falling ? "descending" : "ascending") : "none" }, button);
  });
  find("#board-table thead").replaceChildren(make("tr", {}, ...heads));
  const start = state.page * PER_PAGE;
  const rows = chosen.slice(start, start + PER_PAGE).map((index) => {
    const link = make("a", { href: `#run=${encodeURIComponent(data.paths[index])}` }, facet("method", index));
    const method = make("th", { scope: "row" }, link, ...(data.elsewhere[index] ? [make("small", {}, "trained elsewhere")] : []),
      make("small", { class: "narrow" }, `${facet("model", index)}, ${facet("benchmark", index)} ${facet("version", index)}, ${facet("tasks", index)} tasks`));
    const scores = figures.map(([name]) => make("td", { class: "number" }, text(figure(name, index)), make("small", {}, spread(name, index, 2))));
    const benchmark = make("td", { class: "wide" }, facet("benchmark", index), make("small", {}, `${facet("version", index)}, ${facet("size", index)}`));
    return make("tr", {}, method, make("td", { class: "wide" }, facet("model", index)), benchmark, make("td", { class: "wide" }, facet("tasks", index)), ...scores, make("td", {}, data.seeds[index]), make("td", {}, facet("budget", index)));
  });
  find("#board-table tbody").replaceChildren(...rows);
  const last = Math.max(0, Math.ceil(chosen.length / PER_PAGE) - 1);
  find(".pages span").textContent = chosen.length ? `${start + 1} to ${Math.min(start + PER_PAGE, chosen.length)} of ${chosen.length.toLocaleString("en")}` : "no result has all of these";
  find("#board-back").disabled = state.page === 0;
  find("#board-next").disabled = state.page >= last;
}

function turn(step) { state.page += step; drawTable(); find("#board-table").scrollIntoView({ block: "start" }); }

async function follow() {
  const words = new URLSearchParams(location.hash.slice(1));
  const path = words.get("run");
  find("#board-list").hidden = path !== null;
  find("#board-run").hidden = path === null;
  if (path !== null) { await showRun(path); return; }
  state.filters = {};
  for (const [name, value] of words) if (name in data.facets && data.facets[name].values.includes(value)) state.filters[name] = value;
  for (const select of element.querySelectorAll(".filters select")) select.value = state.filters[select.name] ?? "";
  update();
}
