// What the living figures share: this stands before each figure's own script. Its host gives model.get, set, on, off and
// save_changes, and buffers as DataView.

// Keys pressed here are not the notebook's: JupyterLab honours this attribute on the focused element itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

const HIDDEN = { "aria-hidden": "true" };

const LESS_MOTION = matchMedia("(prefers-reduced-motion: reduce)"),
	DARK = matchMedia("(prefers-color-scheme: dark)");

// A child of a parent: "p.vx-small" is a p of that class. Its text may stand in the attributes' place.
function element(parent, kind, attributes = {}, text = "") {
	if (typeof attributes === "string") return element(parent, kind, {}, attributes);
	const [tag, ...names] = kind.split("."),
		svg = parent.namespaceURI.endsWith("svg") || tag === "svg",
		child = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
	if (names.length) set(child, { class: names.join(" ") });
	if (/^(button|input|select)$/.test(tag)) set(child, OWN_KEYS);
	set(child, attributes);
	if (text) child.textContent = text;
	parent.append(child);
	return child;
}

function set(node, attributes) {
	for (const name in attributes) node.setAttribute(name, attributes[name]);
}

const newId = () => "vx-" + Math.random().toString(36).slice(2);

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

// Numbers x0 y0 x1 y1 ... as points.
const pairsOf = (numbers) => times(numbers.length / 2, (i) => [numbers[2 * i], numbers[2 * i + 1]]);

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

// number(value, digits), as the language writes it, with a true minus sign and never minus zero.
function numbersOf(language) {
	const formats = {};
	return (value, digits) => {
		const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" };
		formats[digits] ??= new Intl.NumberFormat(language, options);
		return formats[digits].format(value).replace("-", "−");
	};
}

const traitsOf = (model, names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));

// What a figure begins with: its words, say(name, values) for one with gaps, tone(name), a colour of its theme, and so on.
function beginFigure({ model, el }, kind = "") {
	const strings = model.get("strings"),
		number = numbersOf(strings.language),
		root = element(el, `div.vaelab-explorer ${kind}`, { lang: strings.language });
	return {
		strings,
		root,
		number,
		nats: (value) => number(value, Math.abs(value) < 10 ? 3 : Math.abs(value) < 100 ? 2 : 1),
		say: (name, values) => fill(strings[name], values),
		traitsOf: (...names) => traitsOf(model, names),
		tone: (name) => getComputedStyle(root).getPropertyValue(`--vx-${name}`),
	};
}

// A paragraph of some lines, the first one bold. Returns the lines.
function addReadout(parent, lines = 2) {
	const readout = element(parent, "p.vx-readout");
	return times(lines, (i) => {
		if (i) readout.append(" ");
		return element(readout, i ? "span" : "strong");
	});
}

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
		addText(parent, "", x, y + 17, toText(value), anchor);
	}
}

// Ticks to the left of a vertical axis at x.
function ticksBeside(parent, x, values, toY, toText) {
	for (const value of values) {
		element(parent, "line", { x1: x - 4, x2: x, y1: toY(value), y2: toY(value) });
		addText(parent, "", x - 7, toY(value) + 4, toText(value), "end");
	}
}

// Of N(0, 1), by Box and Muller.
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

// Empties a drawing, gives it a size, and a title in its corner.
function clear(svg, width, height, title) {
	svg.replaceChildren();
	set(svg, { width, height, viewBox: `0 0 ${width} ${height}` });
	if (title) element(svg, "text.vx-title", { x: 4, y: 15 }, title);
}

// Two axes in an empty drawing, the vertical one from low to high on the scale of bend(value). Returns toY.
function startChart(
	svg,
	{ width, height, title, left, right, top, base },
	[low, high],
	wanted,
	number,
	bend = (y) => y,
) {
	const { found, decimals } = ticks(low, high, wanted),
		toY = (y) => base - ((bend(y) - bend(low)) / (bend(high) - bend(low))) * (base - top);
	clear(svg, width, height, title);
	ticksBeside(svg, left, found, toY, (value) => number(value, decimals));
	element(svg, "path", { d: `M${left} ${top}V${base}H${right}` });
	return toY;
}

// The d of a path through points [x, y].
const through = (points) => "M" + points.map((point) => point.map((value) => value.toFixed(2)).join(" ")).join("L");

const addText = (parent, kind, x, y, words, anchor = "middle") =>
	element(parent, `text.${kind}`, { x, y, "text-anchor": anchor }, words);

const addDot = (parent, kind, cx, cy, r) => element(parent, `circle.${kind}`, { cx, cy, r });

// Small boxes [left, top, right, bottom] along the outline of a shape, for labels to keep off.
function along(shape) {
	const total = shape.getTotalLength(),
		parts = Math.max(1, Math.ceil(total / 4));
	return times(parts + 1, (i) => {
		const { x, y } = shape.getPointAtLength((total * i) / parts);
		return [x - 2, y - 2, x + 2, y + 2];
	});
}

// Eight directions, and for each of some distances a place around (x, y), for a label of the usual height.
function around(x, y, distances) {
	const across = [0, 0, 1, -1, 0.7, -0.7, 0.7, -0.7],
		down = [-1, 1, 0, 0, -0.7, -0.7, 0.7, 0.7];
	return distances.flatMap((far) =>
		across.map((a, i) => [
			x + a * far,
			y + down[i] * far + [-3, 4, 12][Math.sign(down[i]) + 1],
			["end", "middle", "start"][Math.sign(a) + 1],
		]),
	);
}

// Moves a label to the first of the places [x, y, anchor] within the frame that meets none of the boxes `taken`, which its
// own then joins; else to the least crowded, or, if it may, away.
function placeFreely(label, places, taken, [left, top, right, bottom], mayGo = false) {
	let best,
		fewest = Infinity;
	for (const [x, y, anchor = "middle"] of places) {
		const place = { x, y, "text-anchor": anchor };
		set(label, place);
		const { x: a, y: b, width, height } = label.getBBox(),
			[c, d] = [a + width, b + height];
		if (a < left || b < top || c > right || d > bottom) continue;
		const met = taken.filter((t) => t[0] < c && t[2] > a && t[1] < d && t[3] > b).length;
		if (met < fewest) [fewest, best] = [met, { place, box: [a - 3, b, c + 3, d] }]; // two digits side by side: a number
		if (met === 0) break;
	}
	if (!best || (fewest && mayGo)) return label.remove();
	set(label, best.place);
	taken.push(best.box);
}

// A striped filling for shapes of this svg: what their style.fill is set to.
function addStripes(svg) {
	const id = newId();
	const frame = { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
	element(element(element(svg, "defs"), "pattern", frame), "line.vx-stripe", { y2: 6 });
	return `url(#${id})`;
}

// Pixels from 0, white, to 1, dark, or [red, green, blue] of such, row after row or at their `places`, on a canvas or a
// tile [x, y, width, height] of it.
function paint(canvas, pixels, places, [x, y, width, height] = [0, 0, canvas.width, canvas.height]) {
	const context = canvas.getContext("2d"),
		image = context.createImageData(width, height);
	image.data.fill(255);
	pixels.forEach((dark, i) => {
		for (let c = 0; c < 3; c++) image.data[4 * (places?.[i] ?? i) + c] = 255 * (1 - (dark[c] ?? dark));
	});
	context.putImageData(image, x, y);
}

// Two pixels a byte, as levels from 0, white, to 15, dark.
const unpackLevels = (bytes) => new Uint8Array(2 * bytes.length).map((_, i) => (bytes[i >> 1] >> (i % 2 ? 0 : 4)) & 15);

const inkOf = (levels) => Float64Array.from(levels, (level) => level / 15);

function addButton(parent, words, press, attributes = {}) {
	const button = element(parent, "button", { type: "button", class: "vx-button", ...attributes }, words);
	button.addEventListener("click", press);
	return button;
}

// A slider in a label, its name before and its value after it. Returns show(value, text).
function addSlider(label, name, { min, max, step }, move) {
	element(label, "span", name);
	const input = element(label, "input", { type: "range", min, max, step, tabindex: 0 }),
		shown = element(label, "span.vx-value", HIDDEN);
	input.addEventListener("input", (event) => move(Number(input.value), event));
	input.addEventListener("keydown", (event) => event.stopPropagation()); // some themes turn pages with them
	return (value, text) => {
		input.value = value;
		shown.textContent = text;
		input.ariaValueText = text;
	};
}

// For each trait of `ranges` a slider from its lowest to its highest value. Returns show(value, text) of each.
function addSliders(parent, strings, ranges, step, change) {
	return Object.entries(ranges).map(([name, [min, max]]) => {
		const label = element(parent, "label");
		return addSlider(label, strings[name], { min, max, step }, (value, event) => change({ [name]: value }, event));
	});
}

// A box to tick with its words. Returns show(ticked).
function addToggle(parent, words, change) {
	const label = element(parent, "label.vx-toggle"),
		box = element(label, "input", { type: "checkbox" });
	element(label, "span", words);
	box.addEventListener("change", (event) => change(box.checked, event));
	return (ticked) => (box.checked = ticked);
}

// Calls follow(event) where the finger or the left button goes down on the node and wherever it moves, then lift(event).
// A finger may want to scroll the page, and then the browser takes it away (touch-action: pan-y). So one that did not
// go down on a .vx-grip is followed once it moves sideways, or, after a tap, where it went down.
function onDrag(node, follow, lift) {
	let held, waiting;
	function begin(event) {
		waiting = null;
		node.focus({ preventScroll: true });
		follow(event);
	}
	node.addEventListener("pointerdown", (event) => {
		if (!event.isPrimary || event.button !== 0) return;
		held = event.pointerId;
		node.setPointerCapture(held);
		event.preventDefault();
		if (event.pointerType === "touch" && !event.target.closest(".vx-grip, .dw-surface")) waiting = event;
		else begin(event);
	});
	node.addEventListener("pointermove", (event) => {
		if (event.pointerId !== held) return;
		if (waiting) {
			const [x, y] = [event.clientX - waiting.clientX, event.clientY - waiting.clientY].map(Math.abs);
			if (x < 5 || x < y) return;
			begin(waiting);
		}
		follow(event);
	});
	for (const end of ["pointerup", "pointercancel"]) {
		node.addEventListener(end, (event) => {
			if (event.pointerId !== held) return;
			if (waiting && end === "pointerup") begin(waiting);
			held = waiting = null;
			lift?.(event);
		});
	}
}

// The same across a drawing with these margins: calls move(value, event) with a value of the range.
function onDragAcross(node, [left, right], range, step, move) {
	onDrag(node, (event) => {
		const box = node.getBoundingClientRect(),
			share = (event.clientX - box.left - left) / (box.width - left - right);
		move(clamp(Math.round((range[0] + share * (range[1] - range[0])) / step) * step, range), event);
	});
}

// press(event) returns false for a key that is not the figure's; others go no further: some themes turn pages with them.
function onKeys(node, press) {
	node.addEventListener("keydown", (event) => {
		if (event.altKey || event.ctrlKey || event.metaKey || press(event) === false) return;
		event.preventDefault();
		event.stopPropagation();
	});
}

// The page's own choice of theme, or the reader's.
function isDark() {
	const { theme } = document.documentElement.dataset,
		{ jpThemeLight, vscodeThemeKind } = document.body.dataset;
	if (theme === "dark" || theme === "light") return theme === "dark";
	if (jpThemeLight) return jpThemeLight === "false";
	return vscodeThemeKind ? !vscodeThemeKind.includes("light") : DARK.matches;
}

// The figure's head: its number and name, what to try, and the button that leads back to the start.
function addHead(root, strings, number, again) {
	const head = element(root, "div.vx-head"),
		name = newId();
	root.prepend(head);
	set(root, { role: "figure", "aria-labelledby": name });
	addButton(head, strings.again, again);
	const caption = element(head, "p"),
		title = number ? fill(strings.figure, { number, title: strings.title }) : strings.title;
	element(caption, "strong", { id: name }, title);
	if (strings.try) caption.append(" ", strings.try);
}

// A value as a link writes it, "-2", "true" or "0.5,1.2", of the kind of `like`. allow, a range or allow(number), brings
// it within its range or returns undefined, as this does for what makes no sense.
function readValue(text, like, allow) {
	if (typeof like === "boolean") return { true: true, false: false }[text];
	const numbers = text.split(",").map((part, i) => {
		const number = part.trim() === "" ? NaN : Number(part);
		return Number.isFinite(number) ? (Array.isArray(allow) ? clamp(number, allow) : allow?.(number, i)) : NaN;
	});
	if (!numbers.every(Number.isFinite) || numbers.length !== [like].flat().length) return undefined;
	return Array.isArray(like) ? numbers : numbers[0];
}

// The traits that differ from what they were at first, as a link writes them.
function writeState(names, model, first) {
	const text = (value) => `${[value].flat().map((part) => (part.toFixed ? Number(part.toFixed(4)) : part))}`,
		moved = names.filter((name) => text(model.get(name)) !== text(first[name]));
	return moved.map((name) => `${name}=${text(model.get(name))}`).join("&");
}

// Gives the figure its head and its small print. Calls redraw() now and whenever the theme or the width changes, draw() when
// one of the traits does, and again() before these go back to what they were at first.
// settable: {trait: allow of readValue} for what a link may set, by an event "vaelab:set" with {name: text}; "vaelab:state"
// says what such a link would hold.
// Returns change(values, event), which sets traits for the reader, draws, and has a screen reader say the words of the
// readout, or of `says`, once the reader is still; and remove(), which takes the figure off the page.
function enliven(options) {
	const { model, root, draw, redraw = draw, again, settable = {}, traits = Object.keys(settable) } = options,
		{ small = model.get("strings").small } = options,
		says = options.says ?? [...root.querySelectorAll(".vx-readout > *")];
	const first = traitsOf(model, traits);
	addHead(root, model.get("strings"), model.get("number"), (event) => {
		again?.();
		change(first, event);
	});
	if (small) element(root, "p.vx-small", small);
	const live = element(root, "p.vx-hidden", { "aria-live": "polite" });
	let own, announcement, dark, width; // own: while this view itself sets the model

	function change(values, event = { timeStamp: performance.now() }) {
		own = true;
		for (const name in values) model.set(name, values[name]);
		own = false;
		draw();
		performance.clearMeasures("vaelab-draw"); // only the latest is kept; a PerformanceObserver sees them all
		performance.measure("vaelab-draw", { start: event.timeStamp, end: performance.now() });
		clearTimeout(announcement);
		announcement = setTimeout(() => {
			live.textContent = says.map((node) => node.textContent).join(" ");
			const detail = writeState(Object.keys(settable), model, first);
			root.dispatchEvent(new CustomEvent("vaelab:state", { bubbles: true, detail }));
		}, 500);
		model.save_changes();
	}
	root.addEventListener("vaelab:set", (event) => {
		const values = {};
		for (const [name, text] of Object.entries(event.detail)) {
			if (name in settable) values[name] = readValue(text, first[name], settable[name]);
			if (values[name] === undefined) return;
		}
		change(values, event);
	});
	const changed = () => own || draw();
	for (const trait of traits) model.on("change:" + trait, changed);

	function look() {
		if (isDark() === dark && (root.clientWidth === width || root.clientWidth === 0)) return;
		[dark, width] = [isDark(), root.clientWidth];
		root.classList.toggle("vx-dark", dark);
		redraw();
	}
	const theme = new MutationObserver(look),
		size = new ResizeObserver(look);
	const watched = { attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
	theme.observe(document.documentElement, watched);
	theme.observe(document.body, watched);
	DARK.addEventListener("change", look);
	size.observe(root);
	look();
	root.dataset.ready = "true";

	function remove() {
		for (const trait of traits) model.off("change:" + trait, changed);
		theme.disconnect();
		size.disconnect();
		DARK.removeEventListener("change", look);
		clearTimeout(announcement);
		root.remove();
	}
	return { change, remove };
}
