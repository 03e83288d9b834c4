// The latent plane: scatter, cloud, a movable point, and the decoder's image there.

const LEFT = 44,
  RIGHT = 10,
  TOP = 10,
  BOTTOM = 38;

function render({ model, el }) {
  const strings = model.get("strings"),
    view = model.get("view"),
    network = model.get("network");
  const paths = model.get("paths"),
    regions = model.get("regions");
  const layers = readLayers(network, model.get("weights"));
  const codes = new Float32Array(copy(model.get("codes"))),
    labels = new Uint8Array(copy(model.get("labels")));
  const count = codes.length / 2,
    [height, width] = network.shape;
  const { low, high, radius, decimals } = view,
    span = high[0] - low[0];
  const number = numbersOf(strings.language);

  // The elements
  const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
  const name = fill(strings.plane, { n: number(count, 0) });
  const { main, hint, plot, scatter, axes, frame, picture, caption } = addPlane(root, name, network.shape);
  caption.textContent = strings.caption;
  const badge = element(frame, "span", { class: "vx-badge", "aria-hidden": "true" }, strings.badge);
  const [where, state] = addReadout(main);

  const context = picture.getContext("2d"),
    image = context.createImageData(width, height);
  image.data.fill(255);

  // State of this view
  let point,
    nearest = 0,
    distance = 0,
    side = 0,
    active = 0;
  let line,
    ring,
    partner,
    pathMarks = [];
  const toX = (x) => LEFT + ((x - low[0]) / span) * side,
    toY = (y) => TOP + side - ((y - low[1]) / span) * side;

  function findNearest() {
    let best = Infinity;
    const [x, y] = point;
    for (let i = 0, k = 0; i < count; i++, k += 2) {
      const dx = codes[k] - x,
        dy = codes[k + 1] - y,
        d = dx * dx + dy * dy;
      if (d < best) (best = d), (nearest = i);
    }
    distance = Math.sqrt(best);
  }

  // Everything that depends on the point
  function draw() {
    point = model.get("point");
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

    const [x, y] = [toX(point[0]), toY(point[1])],
      a = toX(codes[2 * nearest]),
      b = toY(codes[2 * nearest + 1]);
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
  }

  function moveTo(x, y, event) {
    change({ point: [clamp(x, [low[0], high[0]]), clamp(y, [low[1], high[1]])] }, event);
  }

  // Everything that depends on the size and on the theme
  function drawPlane() {
    const size = plot.clientWidth || 420;
    side = Math.max(40, size - LEFT - RIGHT);
    plot.style.height = `${TOP + side + BOTTOM}px`;
    drawScatter();

    axes.replaceChildren();
    set(axes, { width: size, height: TOP + side + BOTTOM });
    const parts = (name) => element(axes, "g", { class: name });
    const grid = parts("vx-axes"),
      lines = parts("vx-lines"),
      marks = parts("vx-marks"),
      cursor = parts("vx-cursor");
    element(grid, "rect", { x: LEFT, y: TOP, width: side, height: side });
    const bottom = TOP + side;
    const [across, up] = [0, 1].map((axis) => ticks(low[axis], high[axis], Math.max(3, side / 50)));
    ticksBelow(grid, bottom, across.found, toX, (value) => number(value, across.decimals));
    ticksBeside(grid, LEFT, up.found, toY, (value) => number(value, up.decimals));
    element(grid, "text", { x: LEFT + side / 2, y: bottom + 34, "text-anchor": "middle", class: "vx-name" }, "z₁");
    element(grid, "text", { x: 10, y: TOP + side / 2, "text-anchor": "middle", class: "vx-name" }, "z₂");

    for (const region of regions) {
      const { center, radius } = region,
        around = (by) => [center[0] + by, center[1] + by];
      const box = region.low ? [...region.low, ...region.high] : [...around(-radius), ...around(radius)];
      const [x, top, right] = [toX(box[0]), toY(box[3]), toX(box[2])],
        bottom = toY(box[1]);
      const ellipse = { cx: (x + right) / 2, cy: (top + bottom) / 2, r: (right - x) / 2 };
      if (region.low) element(lines, "rect", { x, y: top, width: right - x, height: bottom - top });
      else element(lines, "circle", ellipse);
      const title = { class: "vx-name", y: Math.max(TOP + 13, top - 5), "text-anchor": "middle" };
      const name = element(marks, "text", title, region.name);
      const half = name.getComputedTextLength() / 2 + 4;
      set(name, { x: clamp(region.low ? x + half : ellipse.cx, [LEFT + half, LEFT + side - half]) });
    }
    pathMarks = paths.map((path) => {
      const [x1, y1, x2, y2] = [toX(path.from[0]), toY(path.from[1]), toX(path.to[0]), toY(path.to[1])];
      const group = element(lines, "g", { class: "vx-path" });
      element(group, "line", { x1, y1, x2, y2 });
      const length = Math.hypot(x2 - x1, y2 - y1) || 1,
        dx = (26 * (x2 - x1)) / length,
        dy = (24 * (y2 - y1)) / length;
      for (const [x, y, share, way] of [
        [x1, y1, 0, -1],
        [x2, y2, 100, 1],
      ]) {
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
    const colours = getComputedStyle(root),
      ink = fit(scatter, LEFT, TOP, side);
    const disc = (i, r) => {
      ink.beginPath();
      ink.arc(toX(codes[2 * i]) - LEFT, toY(codes[2 * i + 1]) - TOP, r, 0, 2 * Math.PI);
      ink.fill();
    };
    const reach = (radius / span) * side,
      dot = Math.min(4, Math.max(0.8, (0.3 * side) / Math.sqrt(count)));
    for (const [name, r] of [
      ["--vx-rim", reach + 1],
      ["--vx-cloud", reach],
    ]) {
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
    const { from, to } = paths[active],
      t = slider.value / 100;
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
  element(small, "span", { id: hint }, strings.hint);
  small.append(" ");
  element(small, "span", {}, fill(strings.small, { radius: number(radius, decimals + 1) }));

  // Input
  function follow(event) {
    const box = scatter.getBoundingClientRect(),
      share = span / box.width;
    moveTo(low[0] + (event.clientX - box.left) * share, high[1] - (event.clientY - box.top) * share, event);
  }
  onDrag(plot, follow);
  plot.addEventListener("keydown", (event) => {
    const step = arrowStep(event, span / 100);
    if (event.altKey || event.ctrlKey || event.metaKey || !(step || event.key === "Home")) return;
    event.preventDefault();
    event.stopPropagation(); // pages turn on the arrow keys in some themes
    if (step) moveTo(point[0] + step[0], point[1] + step[1], event);
    else moveTo(...view.start, event);
  });

  const parts = { model, traits: ["point"], root, box: plot, says: [where, state] };
  const { change, remove } = enliven({ ...parts, draw, redraw: drawPlane });
  return remove;
}

export { decode, readLayers };
export default { render };
