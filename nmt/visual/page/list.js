/* The list of sentences: only what is in view is in the document, whatever their number. */

const ROW = 54; // pixels
const BEYOND = 6;

/* For comparing: no case, no accents. One letter may become several, so this finds sentences, not places in them. */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const BEFORE = 18; // characters of a long line that are shown before what was found in it

const marked = (text, wanted) => {
  const start = wanted ? text.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  const end = start + wanted.length;
  if (start < 0 || text.toLowerCase().length !== text.length) return [text];
  const first = start > BEFORE ? text.indexOf(" ", start - BEFORE) + 1 : 0;
  const shownFrom = first > 0 && first <= start ? first : 0;
  const found = element("mark", { textContent: text.slice(start, end) });
  return [(shownFrom ? "… " : "") + text.slice(shownFrom, start), found, text.slice(end)];
};

class List {
  constructor(area, sentences, choose) {
    this.area = area;
    this.sentences = sentences;
    this.choose = choose;
    this.order = sentences.map((_, index) => index);
    this.wanted = "";
    this.chosen = 0;
    this.spacer = element("div", {});
    area.append(this.spacer);
    area.addEventListener("scroll", () => this.render());
    area.addEventListener("click", (event) => this.click(event));
    area.addEventListener("keydown", (event) => this.keydown(event));
    new ResizeObserver(() => this.render()).observe(area);
  }

  /* Keeps the sentences whose source or any translation contains the text; returns their number. */
  search(text) {
    this.wanted = text.trim();
    this.texts ??= this.sentences.map(({ source, hypotheses }) =>
      plain([source, ...hypotheses.map((one) => one.text)].join("\n")));
    const wanted = plain(this.wanted);
    this.order = this.texts.flatMap((one, index) => (one.includes(wanted) ? [index] : []));
    this.area.scrollTop = 0;
    this.render();
    return this.order.length;
  }

  select(index) {
    this.chosen = index;
    const place = this.order.indexOf(index);
    if (place >= 0) {
      const top = place * ROW;
      const { scrollTop, clientHeight } = this.area;
      if (top < scrollTop) this.area.scrollTop = top;
      else if (top + ROW > scrollTop + clientHeight) this.area.scrollTop = top + ROW - clientHeight;
    }
    this.render();
  }

  /* The sentence some steps away among those found; the nearest one at either end. */
  near(step) {
    const place = this.order.indexOf(this.chosen);
    if (place < 0) return this.order[0];
    return this.order[Math.min(Math.max(place + step, 0), this.order.length - 1)];
  }

  render() {
    this.spacer.style.height = `${this.order.length * ROW}px`;
    const first = Math.max(0, Math.floor(this.area.scrollTop / ROW) - BEYOND);
    const count = Math.ceil(this.area.clientHeight / ROW) + 2 * BEYOND;
    const options = this.order.slice(first, first + count).map((index, offset) => this.option(index, first + offset));
    this.area.replaceChildren(this.spacer, ...options);
    const active = byId(`option-${this.chosen}`);
    if (active) this.area.setAttribute("aria-activedescendant", active.id);
    else this.area.removeAttribute("aria-activedescendant");
  }

  option(index, place) {
    const { source, hypotheses } = this.sentences[index];
    const line = (text) => element("span", { className: "text", dir: "auto" }, ...marked(text, this.wanted));
    const found = hypotheses.find((one) => this.wanted && plain(one.text).includes(plain(this.wanted))) ?? hypotheses[0];
    const number = element("span", { className: "number", textContent: index + 1 });
    const lines = found ? [line(source), line(found.text)] : [element("span", { className: "empty", textContent: "empty line" })];
    const made = element("div", { className: "option", id: `option-${index}` }, number, ...lines);
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", String(index === this.chosen));
    made.setAttribute("aria-setsize", this.order.length);
    made.setAttribute("aria-posinset", place + 1);
    made.style.height = `${ROW}px`;
    made.style.top = `${place * ROW}px`;
    made.dataset.index = index;
    return made;
  }

  click(event) {
    const option = event.target.closest(".option");
    if (option) this.choose(Number(option.dataset.index));
  }

  keydown(event) {
    const page = Math.max(1, Math.floor(this.area.clientHeight / ROW) - 1);
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !this.order.length) return;
    event.preventDefault();
    this.choose(this.near(step));
  }
}
