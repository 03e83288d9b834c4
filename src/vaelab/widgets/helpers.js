// ---- what the living figures share: this stands before each figure's own script ----------------------------------
// Needs of its host: model.get, set, on, off, save_changes; buffers as DataView. Styles: helpers.css, then the figure's.

// Keys pressed here are not the notebook's: JupyterLab honours this attribute on the focused element itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function element(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI.endsWith("svg") || tag === "svg";
  const child = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  set(child, attributes);
  if (text) child.textContent = text;
  parent.append(child);
  return child;
}

function set(node, attributes) {
  for (const name in attributes) node.setAttribute(name, attributes[name]);
}

const newId = () => "vx-" + Math.random().toString(36).slice(2);

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

// ---- words and numbers -----------------------------------------------------------------------------------------

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

// number(value, digits), as the language writes it, with a true minus sign and never minus zero.
function numbersOf(language) {
  const formats = new Map();
  return (value, digits) => {
    if (!formats.has(digits)) {
      const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat(language, options));
    }
    return formats
      .get(digits)
      .format(value)
      .replace(/^-(?=[0.,]*$)/, "")
      .replace("-", "−");
  };
}

// A paragraph of two lines, the first one bold. Returns the lines.
function addReadout(parent) {
  const readout = element(parent, "p", { class: "vx-readout" }),
    first = element(readout, "strong");
  readout.append(" ");
  return [first, element(readout, "span")];
}

// ---- parts of drawings -------------------------------------------------------------------------------------------

// Round numbers from low to high, about as many as wanted, and the digits that they need.
function ticks(low, high, wanted) {
  const raw = (high - low) / wanted,
    power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw),
    found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return { found, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// Ticks below a horizontal axis at y. Beyond left and right there is no room for half a word, so it leans inwards.
function ticksBelow(parent, y, values, toX, toText, [left, right] = [-Infinity, Infinity]) {
  for (const value of values) {
    const x = toX(value),
      anchor = x < left ? "start" : x > right ? "end" : "middle";
    element(parent, "line", { x1: x, x2: x, y1: y, y2: y + 4 });
    element(parent, "text", { x, y: y + 17, "text-anchor": anchor }, toText(value));
  }
}

// Ticks to the left of a vertical axis at x.
function ticksBeside(parent, x, values, toY, toText) {
  for (const value of values) {
    element(parent, "line", { x1: x - 4, x2: x, y1: toY(value), y2: toY(value) });
    element(parent, "text", { x: x - 7, y: toY(value) + 4, "text-anchor": "end" }, toText(value));
  }
}

// A striped filling for shapes of this svg: what their style.fill is set to.
function addStripes(svg) {
  const id = newId();
  const frame = { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  element(element(element(svg, "defs"), "pattern", frame), "line", { class: "vx-stripe", y2: 6 });
  return `url(#${id})`;
}

// ---- what the reader moves -----------------------------------------------------------------------------------------

// A slider in a label, its name before and its value after it. Returns show(value, text).
function addSlider(label, name, { min, max, step }, move) {
  element(label, "span", {}, name);
  const input = element(label, "input", { type: "range", min, max, step, tabindex: 0, ...OWN_KEYS });
  const shown = element(label, "span", { class: "vx-value", "aria-hidden": "true" });
  input.addEventListener("input", (event) => move(Number(input.value), event));
  input.addEventListener("keydown", (event) => event.stopPropagation()); // some themes turn pages on the arrow keys
  return (value, text) => {
    input.value = value;
    shown.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
}

// A box to tick with its words. Returns show(ticked).
function addToggle(parent, words, change) {
  const label = element(parent, "label", { class: "vx-toggle" }),
    box = element(label, "input", { type: "checkbox", ...OWN_KEYS });
  element(label, "span", {}, words);
  box.addEventListener("change", (event) => change(box.checked, event));
  return (ticked) => (box.checked = ticked);
}

// Calls follow(event) where the finger or the left button goes down on the node, and wherever it moves until it is up.
function onDrag(node, follow) {
  let held = null;
  node.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    held = event.pointerId;
    node.setPointerCapture(held);
    node.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  node.addEventListener("pointermove", (event) => event.pointerId === held && follow(event));
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (held = null));
}

// ---- the life of a figure --------------------------------------------------------------------------------------------

// The page's own choice of theme, or the reader's.
function isDark() {
  const { documentElement: html, body } = document;
  if (html.dataset.theme === "dark" || html.dataset.theme === "light") return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// The figure's head: its number and name, what to try, and the button that leads back to the start.
function addHead(root, strings, number, again) {
  const head = document.createElement("div"),
    name = newId();
  head.className = "vx-head";
  root.prepend(head);
  set(root, { role: "figure", "aria-labelledby": name });
  const button = element(head, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, strings.again);
  button.addEventListener("click", again);
  const caption = element(head, "p"),
    title = number ? fill(strings.figure, { number, title: strings.title }) : strings.title;
  element(caption, "strong", { id: name }, title);
  if (strings.try) caption.append(" ", strings.try);
}

// Gives the figure its head. Calls redraw() now and whenever the theme or the width of `box` changes, and draw() when
// one of the traits does. `again`, if given, is called before the traits go back to what they were at first.
// Returns change(values, event), which sets traits for the reader, draws, and has a screen reader say the words of the
// nodes in `says` once the reader is still; and remove(), which ends all this and takes the figure off the page.
function enliven({ model, traits, root, box, says, draw, redraw = draw, again }) {
  const first = Object.fromEntries(traits.map((trait) => [trait, model.get(trait)]));
  addHead(root, model.get("strings"), model.get("number"), (event) => {
    again?.();
    change(first, event);
  });
  const live = element(root, "p", { class: "vx-hidden", "aria-live": "polite" });
  let own = false,
    announcement = 0,
    dark,
    width; // own: while this view itself sets the model

  function change(values, event) {
    own = true;
    for (const name in values) model.set(name, values[name]);
    own = false;
    draw();
    performance.clearMeasures("vaelab-draw"); // only the latest is kept; a PerformanceObserver sees them all
    performance.measure("vaelab-draw", { start: event.timeStamp, end: performance.now() });
    clearTimeout(announcement);
    announcement = setTimeout(() => (live.textContent = says.map((node) => node.textContent).join(" ")), 500);
    model.save_changes();
  }
  const changed = () => own || draw();
  for (const trait of traits) model.on("change:" + trait, changed);

  function look() {
    if (isDark() === dark && (box.clientWidth === width || box.clientWidth === 0)) return;
    [dark, width] = [isDark(), box.clientWidth];
    root.classList.toggle("vx-dark", dark);
    redraw();
  }
  const theme = new MutationObserver(look),
    size = new ResizeObserver(look);
  const watched = { attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  theme.observe(document.documentElement, watched);
  theme.observe(document.body, watched);
  scheme.addEventListener("change", look);
  size.observe(root);
  look();
  root.dataset.ready = "true";

  function remove() {
    for (const trait of traits) model.off("change:" + trait, changed);
    theme.disconnect();
    size.disconnect();
    scheme.removeEventListener("change", look);
    clearTimeout(announcement);
    root.remove();
  }
  return { change, remove };
}
