/* The state of the page, its settings and its keys. */

const state = { index: 0, hypothesis: 0, level: data.open, threshold: null };
let lines, grid;

const current = () => data.sentences[state.index];

const view = () => {
  const views = current()?.hypotheses[state.hypothesis]?.views;
  const level = Object.hasOwn(views ?? {}, state.level) ? state.level : Object.keys(views ?? {})[0];
  return level === undefined ? null : new View(views[level]);
};

/* Keeps the keyboard's place when what it points at is drawn anew. */
const keepingFocus = (draw) => {
  const { side, s } = document.activeElement?.dataset ?? {};
  draw();
  if (side) lines?.rows[side].firstElementChild?.focus();
  else if (s !== undefined) grid?.at(0, 0)?.focus();
};

const drawView = () => keepingFocus(() => {
  const shownView = view();
  lines = shownView && new Lines(shownView);
  grid = shownView && new Grid(shownView);
  byId("lines").replaceChildren(...(lines ? [lines.area] : []));
  byId("grid").replaceChildren(...(grid ? [grid.area] : []));
  byId("readout").textContent = shownView ? "" : "An empty line has no alignment.";
  byId("gold-switch").hidden = !shownView || !(shownView.sure.length + shownView.possible.length);
  lines?.arrange();
  drawLinks();
});

const drawLinks = () => {
  const links = lines?.view.linksAt(state.threshold) ?? [];
  lines?.show(links);
  grid?.mark("linked", links);
  const count = `${links.length} ${links.length === 1 ? "link" : "links"}`;
  byId("least").textContent = state.threshold === null ? count : `${shown(state.threshold)} · ${count}`;
};

const choices = (area, name, labels, checked, choose) => {
  const made = labels.map((label, index) => {
    const input = element("input", { type: "radio", name, value: index, checked: index === checked });
    input.addEventListener("change", () => choose(index));
    return element("label", {}, input, ...label);
  });
  area.querySelector(".choices").replaceChildren(...made);
};

const drawSentence = () => {
  const { source, hypotheses } = current();
  byId("source").textContent = source;
  byId("place").textContent = `${(state.index + 1).toLocaleString("en")} of ${data.sentences.length.toLocaleString("en")}`;
  byId("previous").disabled = state.index === 0;
  byId("next").disabled = state.index === data.sentences.length - 1;
  const labels = hypotheses.map(({ text, score }) => [
    element("span", { className: "text", dir: "auto", textContent: text }),
    ...(score === undefined ? [] : [element("span", { className: "score", textContent: `score ${score.toFixed(3).replace("-", "−")}` })]),
  ]);
  byId("hypotheses").classList.toggle("one", hypotheses.length < 2);
  choices(byId("hypotheses"), "hypothesis", labels, state.hypothesis, (index) => {
    state.hypothesis = index;
    drawView();
  });
  drawView();
};

const choose = (index) => {
  if (index === undefined) return;
  Object.assign(state, { index, hypothesis: 0 });
  drawSentence();
  list.select(index);
  byId("sentence").scrollTop = 0;
  try {
    history.replaceState(null, "", `#${index + 1}`);
  } catch { /* a page inside of another may not name its place */ }
};

const light = (s, t) => {
  lines?.light(s, t);
  grid?.light(s, t);
  byId("readout").textContent = readout(s, t);
};

/* A token among others, in its own direction. */
const isolated = (token) => `\u2068${token}\u2069`;

const readout = (s, t) => {
  if (!lines || (s === undefined && t === undefined)) return "";
  const { source, target } = lines.view;
  if (s !== undefined && t !== undefined) {
    return `${isolated(source[s])} → ${isolated(target[t])}: ${shown(lines.view.weight(s, t))}`;
  }
  const [side, index] = s !== undefined ? ["source", s] : ["target", t];
  const names = side === "source" ? target : source;
  const best = lines.view.partners(side, index).slice(0, 4).filter(([, weight]) => weight >= 0.01);
  const told = best.map(([other, weight]) => `${isolated(names[other])} ${shown(weight)}`).join(", ");
  return `${isolated((side === "source" ? source : target)[index])}: ${told || "no partner"}`;
};

/* [s, t] of a token, a heading or a cell. */
const position = (target) => {
  const { side, index, s, t } = target?.closest?.("[data-side][data-index], [data-s]")?.dataset ?? {};
  if (side) return side === "source" ? [Number(index), undefined] : [undefined, Number(index)];
  return s === undefined ? [undefined, undefined] : [Number(s), Number(t)];
};

const follow = (event) => light(...position(event.target));
const settle = () => light(...position(document.activeElement));

/* One tab stop a sentence and one a heatmap; arrows, Home and End move inside. */
const move = (event) => {
  const place = event.target.closest(".token, td");
  if (!place || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!/^(Arrow|Home|End)/.test(event.key)) return;
  event.preventDefault();
  const reached = place.matches("td") ? grid.next(place, event.key) : lines.next(place, event.key);
  if (!reached) return;
  const scope = reached.closest("table, .tokens");
  for (const stop of scope.querySelectorAll('[tabindex="0"]')) stop.tabIndex = -1;
  reached.tabIndex = 0;
  reached.focus();
};

const chooseLevel = (level) => {
  state.level = level;
  drawView();
};

const chooseThreshold = (isOwn) => {
  document.querySelector(`input[name="links"][value="${isOwn ? "own" : "threshold"}"]`).checked = true;
  state.threshold = isOwn ? null : Number(byId("threshold").value);
  drawLinks();
};

const find = () => {
  const count = list.search(byId("search").value);
  const all = data.sentences.length.toLocaleString("en");
  byId("found").textContent = list.wanted ? `${count.toLocaleString("en")} of ${all}` : `${all} sentences`;
};

const searchKey = (event) => {
  if (event.key === "Escape") {
    byId("search").value = "";
    find();
    list.select(state.index);
  } else if (event.key === "Enter" || event.key === "ArrowDown") {
    event.preventDefault();
    if (!list.order.includes(state.index)) choose(list.order[0]);
    byId("list").focus();
  }
};

const SHORTCUTS = {
  n: () => choose(list.near(1)),
  p: () => choose(list.near(-1)),
  "/": () => byId("search").focus(),
  s: () => lines?.rows.source.querySelector('[tabindex="0"]')?.focus(),
  m: () => grid?.table.querySelector('td[tabindex="0"]')?.focus(),
  w: () => {
    const inputs = [...byId("levels").querySelectorAll("input")];
    if (inputs.length > 1) inputs[(inputs.findIndex((one) => one.checked) + 1) % inputs.length].click();
  },
  t: () => byId("threshold").focus(),
  "?": () => byId("help").showModal(),
};

const shortcut = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || byId("help").open || !byId("shortcuts").checked) return;
  if (event.target.matches('input[type="search"]')) return;
  const number = /^[1-9]$/.test(event.key) ? byId("hypotheses").querySelectorAll("input")[event.key - 1] : undefined;
  const action = number ? () => number.click() : Object.hasOwn(SHORTCUTS, event.key) && SHORTCUTS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
};

const THEMES = ["system", "light", "dark"];
const night = matchMedia("(prefers-color-scheme: dark)");
let theme = "system";

const applyTheme = () => {
  document.documentElement.dataset.theme = theme === "system" ? (night.matches ? "dark" : "light") : theme;
  byId("theme").textContent = `Theme: ${theme}`;
  byId("theme").setAttribute("aria-label", `Theme: ${theme}`);
  if (grid) drawView();
};

const remembered = (action) => {
  try {
    return action(localStorage);
  } catch {
    return null; // a browser may refuse a page without an address of its own to keep anything
  }
};

const changeTheme = () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  remembered((store) => store.setItem("nmt-theme", theme));
  applyTheme();
};

const list = new List(byId("list"), data.sentences, choose);

const listen = () => {
  const main = byId("sentence");
  for (const area of [byId("lines"), byId("grid")]) {
    area.addEventListener("mouseover", follow);
    area.addEventListener("focusin", follow);
    area.addEventListener("mouseleave", settle);
    area.addEventListener("focusout", () => light());
  }
  main.addEventListener("keydown", move);
  byId("previous").addEventListener("click", () => choose(state.index - 1));
  byId("next").addEventListener("click", () => choose(state.index + 1));
  byId("threshold").addEventListener("input", () => chooseThreshold(false));
  for (const input of document.querySelectorAll("input[name=links]")) {
    input.addEventListener("change", () => chooseThreshold(input.value === "own"));
  }
  byId("gold").addEventListener("change", () => main.classList.toggle("no-gold", !byId("gold").checked));
  byId("search").addEventListener("input", find);
  byId("search").addEventListener("keydown", searchKey);
  byId("help-open").addEventListener("click", SHORTCUTS["?"]);
  byId("shortcuts").addEventListener("change", () => {
    for (const line of document.querySelectorAll(".single")) line.classList.toggle("off", !byId("shortcuts").checked);
  });
  byId("theme").addEventListener("click", changeTheme);
  night.addEventListener("change", applyTheme);
  document.addEventListener("keydown", shortcut);
  addEventListener("hashchange", () => choose(linked()));
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width) lines?.arrange();
    width = contentRect.width;
  }).observe(byId("lines"));
};

/* The sentence that the address names, as in page.html#12. */
const linked = () => {
  const number = Number(location.hash.slice(1));
  return Number.isInteger(number) && number >= 1 && number <= data.sentences.length ? number - 1 : 0;
};

const start = () => {
  theme = THEMES.find((one) => one === remembered((store) => store.getItem("nmt-theme"))) ?? "system";
  applyTheme();
  listen();
  const isSingle = data.sentences.length < 2;
  document.querySelector(".layout").classList.toggle("single", isSingle);
  byId("finder").hidden = isSingle;
  document.querySelector(".pager").hidden = isSingle;
  if (!data.sentences.length) {
    byId("sentence").replaceChildren("No sentences.");
    return;
  }
  byId("levels").hidden = data.levels.length < 2;
  choices(byId("levels"), "level", data.levels.map((name) => [name]), data.levels.indexOf(data.open), (index) =>
    chooseLevel(data.levels[index]));
  find();
  choose(linked());
};

start();
