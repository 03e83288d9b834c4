// The latent plane: scatter, a movable point, and the decoder computed here, without a kernel.
// Needs of its host: model.get, set, on, off, save_changes; buffers as DataView. Styles are in latent_explorer.css.

// ---- the decoder -----------------------------------------------------------------------------------------------

const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

// A buffer's bytes at an aligned place of their own; an empty one may be missing from saved state.
const copy = (view) => view?.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) ?? new ArrayBuffer(0);

// `count` whole numbers of `bits` bits each, one after the other, lowest bit first, 2 ** (bits - 1) added to each.
function unpack(bytes, bits, count) {
  const whole = new Int16Array(count), offset = 2 ** (bits - 1);
  for (let i = 0, at = 0, held = 0, have = 0; i < count; i++) {
    for (; have < bits; have += 8) held |= bytes[at++] << have;
    whole[i] = (held & (2 * offset - 1)) - offset;
    (held >>= bits), (have -= bits);
  }
  return whole;
}

// network: {dtype, steps}, weights: DataView. Each layer holds its own output buffer, so that drawing makes no garbage.
function readLayers(network, weights) {
  const bytes = copy(weights), layers = [];
  let at = 0;
  const take = (Kind, n) => new Kind(bytes.slice(at, (at += n * Kind.BYTES_PER_ELEMENT)));
  for (const step of network.steps) {
    if (typeof step === "string") {
      layers.push({ activation: ACTIVATIONS[step] });
      continue;
    }
    const [inputs, units, bits] = step, count = inputs * units;
    let kernel;
    if (network.dtype === "int16") {
      const whole = bits ? unpack(take(Uint8Array, Math.ceil((count * bits) / 8)), bits, count) : take(Int16Array, count);
      const scale = take(Float32Array, units);
      kernel = Float32Array.from(whole, (value, i) => value * scale[i % units]);
    } else kernel = take(Float32Array, count);
    layers.push({ inputs, units, kernel, bias: take(Float32Array, units), out: new Float64Array(units) });
  }
  return layers;
}

// Pixels of the image at z, row after row. The array is reused by the next call.
function decode(layers, z) {
  let x = Float64Array.of(Math.fround(z[0]), Math.fround(z[1]));
  for (const { activation, inputs, units, kernel, bias, out } of layers) {
    if (activation) {
      for (let j = 0; j < x.length; j++) x[j] = activation(x[j]);
      continue;
    }
    out.set(bias);
    for (let i = 0, k = 0; i < inputs; i++, k += units) {
      const xi = x[i];
      if (xi !== 0) for (let j = 0; j < units; j++) out[j] += xi * kernel[k + j];
    }
    x = out;
  }
  return x;
}

// ---- small helpers ---------------------------------------------------------------------------------------------

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

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw), found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return { found, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// The page's own choice of theme, or the reader's.
function isDark() {
  const { documentElement: html, body } = document;
  if (html.dataset.theme === "dark" || html.dataset.theme === "light") return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// ---- the figure ------------------------------------------------------------------------------------------------

const LEFT = 44, RIGHT = 10, TOP = 10, BOTTOM = 38;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// Keys pressed here are not the notebook's: JupyterLab honours this attribute on the focused element itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function render({ model, el }) {
  const strings = model.get("strings"), view = model.get("view"), network = model.get("network");
  const paths = model.get("paths"), regions = model.get("regions");
  const layers = readLayers(network, model.get("weights"));
  const codes = new Float32Array(copy(model.get("codes"))), labels = new Uint8Array(copy(model.get("labels")));
  const count = codes.length / 2, [height, width] = network.shape;
  const { low, high, radius, decimals } = view, span = high[0] - low[0];

  const formats = new Map();
  const number = (value, digits) => {
    if (!formats.has(digits)) {
      const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat(strings.language, options));
    }
    return formats.get(digits).format(value).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
  };

  // The elements
  const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
  const main = element(root, "div", { class: "vx-main" });
  const hintId = "vx-" + Math.random().toString(36).slice(2);
  const plot = element(main, "div", {
    class: "vx-plot",
    tabindex: 0,
    role: "application",
    "aria-label": fill(strings.plane, { n: number(count, 0) }),
    "aria-describedby": hintId,
    ...OWN_KEYS,
  });
  const scatter = element(plot, "canvas", { "aria-hidden": "true" });
  const axes = element(plot, "svg", { "aria-hidden": "true", focusable: "false" });
  const figure = element(main, "div", { class: "vx-image" });
  const frame = element(figure, "div", { class: "vx-frame" });
  const picture = element(frame, "canvas", { role: "img", width, height });
  picture.style.aspectRatio = `${width} / ${height}`;
  const badge = element(frame, "span", { class: "vx-badge", "aria-hidden": "true" }, strings.badge);
  element(figure, "div", { class: "vx-caption", "aria-hidden": "true" }, strings.caption);
  const readout = element(main, "p", { class: "vx-readout" });
  const where = element(readout, "span", { class: "vx-where" });
  readout.append(" ");
  const state = element(readout, "span");
  const live = element(root, "p", { class: "vx-hidden", "aria-live": "polite" });

  const context = picture.getContext("2d"), image = context.createImageData(width, height);
  image.data.fill(255);

  // State of this view
  let point = model.get("point"), nearest = 0, distance = 0;
  let side = 0, drawnWidth = 0, draws = 0, active = 0, dragging = null, announcement = 0;
  let line, ring, partner, pathMarks = [];
  const toX = (x) => LEFT + ((x - low[0]) / span) * side, toY = (y) => TOP + side - ((y - low[1]) / span) * side;

  function findNearest() {
    let best = Infinity;
    const [x, y] = point;
    for (let i = 0, k = 0; i < count; i++, k += 2) {
      const dx = codes[k] - x, dy = codes[k + 1] - y, d = dx * dx + dy * dy;
      if (d < best) (best = d), (nearest = i);
    }
    distance = Math.sqrt(best);
  }

  // Everything that depends on the point
  function draw(event) {
    findNearest();
    const outside = distance > radius;
    const [label, tail] = labels.length ? [labels[nearest], "_label"] : ["", ""];
    const pixels = decode(layers, point);
    let ink = 0;
    for (let i = 0, k = 0; i < pixels.length; i++, k += 4) {
      const value = Math.min(1, Math.max(0, pixels[i]));
      ink += value;
      image.data[k] = image.data[k + 1] = image.data[k + 2] = 255 * (1 - value);
    }
    context.putImageData(image, 0, 0);

    const [x, y] = [toX(point[0]), toY(point[1])], a = toX(codes[2 * nearest]), b = toY(codes[2 * nearest + 1]);
    set(line, { x1: a, y1: b, x2: x, y2: y });
    set(partner, { cx: a, cy: b });
    set(ring, { transform: `translate(${x} ${y})` });
    root.dataset.state = outside ? "outside" : "inside";
    badge.hidden = !outside;

    const words = { label, distance: number(distance, decimals) };
    where.textContent = fill(strings.where, { x: number(point[0], decimals), y: number(point[1], decimals) });
    state.textContent = fill(strings[(outside ? "outside" : "inside") + tail], words);
    const place = fill(strings[outside ? "image_outside" : "image_inside" + tail], words);
    picture.setAttribute(
      "aria-label",
      fill(strings.image, { width, height, ink: number((100 * ink) / pixels.length, 0), place }),
    );
    root.dataset.draws = ++draws;
    root.dataset.ready = "true";
    if (event) {
      // Only the latest measure is kept; a PerformanceObserver sees them all
      performance.clearMeasures("vaelab-draw");
      performance.measure("vaelab-draw", { start: event.timeStamp, end: performance.now() });
      clearTimeout(announcement);
      announcement = setTimeout(() => (live.textContent = readout.textContent), 500);
    }
  }

  function moveTo(x, y, event) {
    point = [Math.min(high[0], Math.max(low[0], x)), Math.min(high[1], Math.max(low[1], y))];
    draw(event);
    model.set("point", point);
    model.save_changes();
  }

  // Everything that depends on the size and on the theme
  function drawPlane() {
    const size = (drawnWidth = plot.clientWidth) || 420;
    side = Math.max(40, size - LEFT - RIGHT);
    plot.style.height = `${TOP + side + BOTTOM}px`;
    drawScatter();

    axes.replaceChildren();
    set(axes, { width: size, height: TOP + side + BOTTOM });
    const parts = (name) => element(axes, "g", { class: name });
    const grid = parts("vx-axes"), lines = parts("vx-lines"), marks = parts("vx-marks"), cursor = parts("vx-cursor");
    element(grid, "rect", { x: LEFT, y: TOP, width: side, height: side });
    const bottom = TOP + side;
    for (const axis of [0, 1]) {
      const { found, decimals } = ticks(low[axis], high[axis], Math.max(3, side / 50));
      for (const value of found) {
        const at = axis ? toY(value) : toX(value);
        const tick = axis
          ? { x1: LEFT - 4, x2: LEFT, y1: at, y2: at }
          : { x1: at, x2: at, y1: bottom, y2: bottom + 4 };
        const place = axis
          ? { x: LEFT - 7, y: at + 4, "text-anchor": "end" }
          : { x: at, y: bottom + 17, "text-anchor": "middle" };
        element(grid, "line", tick);
        element(grid, "text", place, number(value, decimals));
      }
    }
    element(grid, "text", { x: LEFT + side / 2, y: bottom + 34, "text-anchor": "middle", class: "vx-name" }, "z₁");
    element(grid, "text", { x: 10, y: TOP + side / 2, "text-anchor": "middle", class: "vx-name" }, "z₂");

    for (const region of regions) {
      const { center, radius } = region, around = (by) => [center[0] + by, center[1] + by];
      const box = region.low ? [...region.low, ...region.high] : [...around(-radius), ...around(radius)];
      const [x, top, right] = [toX(box[0]), toY(box[3]), toX(box[2])], bottom = toY(box[1]);
      const ellipse = { cx: (x + right) / 2, cy: (top + bottom) / 2, r: (right - x) / 2 };
      if (region.low) element(lines, "rect", { x, y: top, width: right - x, height: bottom - top });
      else element(lines, "circle", ellipse);
      const title = { class: "vx-name", y: Math.max(TOP + 13, top - 5), "text-anchor": "middle" };
      const name = element(marks, "text", title, region.name);
      const half = name.getComputedTextLength() / 2 + 4;
      set(name, { x: Math.min(LEFT + side - half, Math.max(LEFT + half, region.low ? x + half : ellipse.cx)) });
    }
    pathMarks = paths.map((path) => {
      const [x1, y1, x2, y2] = [toX(path.from[0]), toY(path.from[1]), toX(path.to[0]), toY(path.to[1])];
      const group = element(lines, "g", { class: "vx-path" });
      element(group, "line", { x1, y1, x2, y2 });
      const length = Math.hypot(x2 - x1, y2 - y1) || 1, dx = (26 * (x2 - x1)) / length, dy = (24 * (y2 - y1)) / length;
      for (const [x, y, share, way] of [[x1, y1, 0, -1], [x2, y2, 100, 1]]) {
        element(group, "circle", { cx: x, cy: y, r: 3.5 });
        const place = { x: x + way * dx, y: y + way * dy + 4, "text-anchor": "middle" };
        element(group, "text", place, fill(strings.percent, { percent: share }));
      }
      return group;
    });
    showPath();
    const digit = Math.min(17, side / 21);
    for (const [label, x, y] of view.marks) {
      const place = { class: "vx-digit", x: toX(x), y: toY(y) + digit / 3, "text-anchor": "middle" };
      set(element(marks, "text", place, String(label)), { "font-size": digit });
    }
    line = element(cursor, "line", { class: "vx-nearest" });
    partner = element(cursor, "circle", { class: "vx-partner", r: 3.5 });
    ring = element(cursor, "g", { class: "vx-ring" });
    for (const halo of ["vx-halo", ""]) {
      element(ring, "circle", { class: "vx-in " + halo, r: 8 });
      element(ring, "path", { class: "vx-out " + halo, d: "M0 -11 11 0 0 11 -11 0Z" });
      element(ring, "path", { class: halo, d: "M-16 0H-11M11 0H16M0 -16V-11M0 11V16" });
    }
    draw();
  }

  // The cloud (discs of the radius around every code, with a rim) and the codes on it
  function drawScatter() {
    const scale = window.devicePixelRatio || 1, colours = getComputedStyle(root), ink = scatter.getContext("2d");
    scatter.width = scatter.height = Math.round(side * scale);
    set(scatter, { style: `left: ${LEFT}px; top: ${TOP}px; width: ${side}px; height: ${side}px` });
    ink.setTransform(scale, 0, 0, scale, 0, 0);
    const disc = (i, r) => {
      ink.beginPath();
      ink.arc(toX(codes[2 * i]) - LEFT, toY(codes[2 * i + 1]) - TOP, r, 0, 2 * Math.PI);
      ink.fill();
    };
    const reach = (radius / span) * side, dot = Math.min(4, Math.max(0.8, (0.3 * side) / Math.sqrt(count)));
    for (const [name, r] of [["--vx-rim", reach + 1], ["--vx-cloud", reach]]) {
      ink.fillStyle = colours.getPropertyValue(name);
      for (let i = 0; i < count; i++) disc(i, r);
    }
    ink.globalAlpha = 0.8;
    ink.fillStyle = colours.getPropertyValue("--vx-muted");
    for (let i = 0; i < count; i++) {
      if (labels.length) ink.fillStyle = view.colours[labels[i]];
      disc(i, dot);
    }
  }

  // Controls
  const controls = element(root, "div", { class: "vx-controls" });
  let slider, percent, select;
  function showPath() {
    pathMarks.forEach((group, i) => group.classList.toggle("vx-active", i === active));
  }
  function walk(event) {
    const { from, to } = paths[active], t = slider.value / 100;
    percent.textContent = fill(strings.percent, { percent: slider.value });
    slider.setAttribute("aria-valuetext", percent.textContent);
    moveTo(from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), event);
  }
  if (paths.length) {
    if (paths.length > 1) {
      const label = element(controls, "label", {}, strings.path + " ");
      select = element(label, "select", OWN_KEYS);
      paths.forEach((path, i) => element(select, "option", { value: i }, path.name));
    }
    const label = element(controls, "label", { class: "vx-walk" });
    const name = element(label, "span", { class: select ? "vx-hidden" : "" }, paths[0].name);
    slider = element(label, "input", { type: "range", min: 0, max: 100, step: 1, value: 0, ...OWN_KEYS });
    percent = element(controls, "span", { class: "vx-percent", "aria-hidden": "true" });
    percent.textContent = fill(strings.percent, { percent: 0 });
    slider.setAttribute("aria-valuetext", percent.textContent);
    slider.addEventListener("input", walk);
    select?.addEventListener("change", (event) => {
      active = Number(select.value);
      name.textContent = paths[active].name;
      slider.value = 0;
      showPath();
      walk(event);
    });
  }
  const small = element(root, "p", { class: "vx-small" });
  element(small, "span", { id: hintId }, strings.hint);
  small.append(" ");
  element(small, "span", {}, fill(strings.small, { radius: number(radius, decimals + 1) }));

  // Input
  function follow(event) {
    const box = scatter.getBoundingClientRect(), share = span / box.width;
    moveTo(low[0] + (event.clientX - box.left) * share, high[1] - (event.clientY - box.top) * share, event);
  }
  plot.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    dragging = event.pointerId;
    plot.setPointerCapture(dragging);
    plot.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  plot.addEventListener("pointermove", (event) => event.pointerId === dragging && follow(event));
  for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => (dragging = null));
  plot.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key], step = span * (event.shiftKey ? 0.05 : 0.01);
    if (event.altKey || event.ctrlKey || event.metaKey || !(arrow || event.key === "Home")) return;
    event.preventDefault();
    event.stopPropagation(); // pages turn on the arrow keys in some themes
    if (arrow) moveTo(point[0] + step * arrow[0], point[1] + step * arrow[1], event);
    else moveTo(...view.start, event);
  });
  function changed() {
    const [x, y] = model.get("point");
    if (x === point[0] && y === point[1]) return;
    point = [x, y];
    draw();
  }
  model.on("change:point", changed);

  // Theme and size
  function paint() {
    root.classList.toggle("vx-dark", isDark());
    drawPlane();
  }
  paint();
  const theme = new MutationObserver(() => root.classList.contains("vx-dark") !== isDark() && paint());
  const watched = { attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  theme.observe(document.documentElement, watched);
  theme.observe(document.body, watched);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", paint);
  const resize = new ResizeObserver(() => plot.clientWidth !== drawnWidth && plot.clientWidth > 0 && drawPlane());
  resize.observe(plot);

  return () => {
    model.off("change:point", changed);
    theme.disconnect();
    scheme.removeEventListener("change", paint);
    resize.disconnect();
    clearTimeout(announcement);
    root.remove();
  };
}

export { decode, readLayers };
export default { render };
