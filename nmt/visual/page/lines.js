/* The two sentences and the lines between them: rows above each other, or columns where rows do not fit. */

const LEAST_SHOWN = 0.05;

const SVG = "http://www.w3.org/2000/svg";

const vector = (name, attributes, ...children) => {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
};

const tokenRow = (view, side) => {
  const row = element("div", { className: "tokens", dir: "auto" });
  row.dataset.side = side;
  row.setAttribute("role", "toolbar");
  row.setAttribute("aria-label", `${side} tokens`);
  view[side].forEach((token, index) => {
    const label = element("span", { className: "label", textContent: token });
    const button = element("button", { type: "button", className: "token", tabIndex: index ? -1 : 0, title: token }, label);
    button.append(element("span", { className: "weight" }));
    button.setAttribute("aria-label", token);
    Object.assign(button.dataset, { side, index });
    row.append(button);
  });
  return row;
};

class Lines {
  constructor(view) {
    this.view = view;
    this.groups = Object.fromEntries(["gold", "own", "lit"].map((name) => [name, vector("g", { class: name })]));
    this.rows = { source: tokenRow(view, "source"), target: tokenRow(view, "target") };
    const drawing = vector("svg", { "aria-hidden": "true" }, ...Object.values(this.groups));
    this.area = element("div", { className: "pair" }, drawing, this.rows.source, this.rows.target);
    this.links = [];
  }

  /* To be called once the area is in the document, and whenever its room changes. */
  arrange() {
    this.area.dataset.layout = "rows";
    const room = this.area.parentNode.clientWidth;
    const isWide = Object.values(this.rows).some((row) => row.scrollWidth > room);
    this.area.dataset.layout = isWide ? "columns" : "rows";
    this.rows.source.setAttribute("aria-orientation", isWide ? "vertical" : "horizontal");
    this.rows.target.setAttribute("aria-orientation", isWide ? "vertical" : "horizontal");
    const origin = this.area.getBoundingClientRect();
    const places = (row) => [...row.children].map((child) => this.anchor(child.getBoundingClientRect(), origin, row));
    this.anchors = { source: places(this.rows.source), target: places(this.rows.target) };
    this.draw();
  }

  get isColumns() {
    return this.area.dataset.layout === "columns";
  }

  anchor(box, origin, row) {
    const isSource = row.dataset.side === "source";
    return this.isColumns
      ? [(isSource ? box.right : box.left) - origin.left, box.top + box.height / 2 - origin.top]
      : [box.left + box.width / 2 - origin.left, (isSource ? box.bottom : box.top) - origin.top];
  }

  path(s, t, attributes) {
    const [[x, y], [u, v]] = [this.anchors.source[s], this.anchors.target[t]];
    const [p, q] = [(x + u) / 2, (y + v) / 2];
    const curve = this.isColumns ? `C${p} ${y} ${p} ${v}` : `C${x} ${q} ${u} ${q}`;
    return vector("path", { d: `M${x} ${y}${curve} ${u} ${v}`, "data-link": key(s, t), ...attributes });
  }

  weighted(s, t, faintest = 0.3) {
    const weight = this.view.weight(s, t);
    return this.path(s, t, { "stroke-width": 1 + 3 * weight, "stroke-opacity": faintest + (1 - faintest) * weight });
  }

  show(links) {
    this.links = links;
    this.draw();
  }

  draw() {
    if (!this.anchors) return;
    const { sure, possible } = this.view;
    this.groups.own.replaceChildren(...this.links.map(([s, t]) => this.weighted(s, t)));
    this.groups.gold.replaceChildren(
      ...sure.map(([s, t]) => this.path(s, t, { class: "sure" })),
      ...possible.map(([s, t]) => this.path(s, t, { class: "possible" })),
    );
    this.groups.lit.replaceChildren();
  }

  /* Lights the partners of a token, or both tokens of a cell; undefined s and t put the lights out. */
  light(s, t) {
    const single = (s === undefined) !== (t === undefined);
    const isPair = s !== undefined && t !== undefined;
    const lit = isPair ? [[s, t]] : [];
    for (const side of ["source", "target"]) {
      const own = side === "source" ? s : t;
      const partner = side === "source" ? t : s;
      [...this.rows[side].children].forEach((button, index) => {
        const weight = !single || own !== undefined ? 0 : side === "source" ? this.view.weight(index, partner) : this.view.weight(partner, index);
        const isLit = weight >= LEAST_SHOWN;
        paint(button, weight);
        button.classList.toggle("origin", own === index);
        button.querySelector(".weight").textContent = isLit ? shown(weight) : "";
        if (isLit) lit.push(side === "source" ? [index, partner] : [partner, index]);
      });
    }
    this.area.classList.toggle("pointed", s !== undefined || t !== undefined);
    this.groups.lit.replaceChildren(...lit.map(([a, b]) => this.weighted(a, b, 0.55)));
  }

  /* Where a key leads from a token: along its sentence, or across to its strongest partner. */
  next(button, pressed) {
    const { side } = button.dataset;
    const index = Number(button.dataset.index);
    const row = this.rows[side];
    const other = this.rows[side === "source" ? "target" : "source"];
    const across = () => other.children[this.view.partners(side, index)[0]?.[0]];
    const step = !this.isColumns && getComputedStyle(row).direction === "rtl" ? -1 : 1;
    const along = (by) => row.children[index + by];
    const [back, forth] = this.isColumns ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    if (pressed === "Home") return row.firstElementChild;
    if (pressed === "End") return row.lastElementChild;
    if (pressed === back) return along(-step);
    if (pressed === forth) return along(step);
    const outward = side === "source" ? ["ArrowDown", "ArrowRight"] : ["ArrowUp", "ArrowLeft"];
    return pressed === outward[this.isColumns ? 1 : 0] ? across() : undefined;
  }
}
