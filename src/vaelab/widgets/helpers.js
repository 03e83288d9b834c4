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

// Small boxes [left, top, right, bottom] along the outline of a shape, for labels to keep off.
function along(shape) {
	const total = shape.getTotalLength(),
		parts = Math.max(1, Math.ceil(total / 4));
	return Array.from({ length: parts + 1 }, (_, i) => {
		const { x, y } = shape.getPointAtLength((total * i) / parts);
		return [x - 2, y - 2, x + 2, y + 2];
	});
}

// Eight directions, and for each of some distances a place around (x, y), for a label of the usual height.
function around(x, y, distances) {
	const ways = [
		[0, -1],
		[0, 1],
		[1, 0],
		[-1, 0],
		[0.7, -0.7],
		[-0.7, -0.7],
		[0.7, 0.7],
		[-0.7, 0.7],
	];
	return distances.flatMap((far) =>
		ways.map(([a, b]) => [
			x + a * far,
			y + b * far + (b < 0 ? -3 : b > 0 ? 12 : 4),
			a > 0 ? "start" : a < 0 ? "end" : "middle",
		]),
	);
}

// Moves a label to the first of the places [x, y, anchor] where it stays within the frame and meets none of the boxes
// `taken`, which its own then joins. Without such a place it goes to the least crowded, or, if it may, away.
function placeFreely(label, places, taken, [left, top, right, bottom], mayGo = false) {
	let best = null,
		fewest = Infinity;
	for (const [x, y, anchor = "middle"] of places) {
		set(label, { x, y, "text-anchor": anchor });
		const { x: a, y: b, width, height } = label.getBBox();
		const box = [a, b, a + width, b + height];
		if (a < left || b < top || box[2] > right || box[3] > bottom) continue;
		const met = taken.filter((t) => t[0] < box[2] && t[2] > a && t[1] < box[3] && t[3] > b).length;
		if (met < fewest) (fewest = met), (best = { place: { x, y, "text-anchor": anchor }, box });
		if (met === 0) break;
	}
	if (!best || (fewest && mayGo)) return label.remove();
	set(label, best.place);
	const [a, b, c, d] = best.box;
	taken.push([a - 3, b, c + 3, d]); // two digits side by side would be a number
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
// A finger may want to scroll the page, and then the browser takes it away (touch-action: pan-y). So one that did not
// go down on a .vx-grip is followed once it moves sideways, or, after a tap, where it went down.
function onDrag(node, follow) {
	let held = null,
		waiting = null;
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
		if (event.pointerType === "touch" && !event.target.closest(".vx-grip")) waiting = event;
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
	node.addEventListener("pointerup", () => waiting && begin(waiting));
	for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (held = waiting = null));
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

// A value as a link writes it, "-2", "true" or "0.5,1.2", of the kind of `like`. allow(number) brings it within its range
// or returns undefined, as this does for what makes no sense.
function readValue(text, like, allow) {
	if (typeof like === "boolean") return { true: true, false: false }[text];
	const numbers = text.split(",").map((part, i) => {
		const number = part.trim() === "" ? NaN : Number(part);
		return Number.isFinite(number) ? allow?.(number, i) : NaN;
	});
	if (!numbers.every(Number.isFinite) || numbers.length !== [like].flat().length) return undefined;
	return Array.isArray(like) ? numbers : numbers[0];
}

// The traits that differ from what they were at first, as a link writes them.
function writeState(names, model, first) {
	const text = (value) =>
		[value]
			.flat()
			.map((part) => (typeof part === "number" ? Number(part.toFixed(4)) : part))
			.join();
	const parts = names.map((name) => [name, text(model.get(name)), text(first[name])]);
	return parts.flatMap(([name, now, then]) => (now === then ? [] : `${name}=${now}`)).join("&");
}

// Gives the figure its head. Calls redraw() now and whenever the theme or the width of `box` changes, and draw() when
// one of the traits does. `again`, if given, is called before the traits go back to what they were at first.
// `settable` names the traits that a link may set, each with allow(number, i), see readValue: an event "vaelab:set" with
// {name: text} does it, and an event "vaelab:state" says what such a link would hold after the reader has moved something.
// Returns change(values, event), which sets traits for the reader, draws, and has a screen reader say the words of the
// nodes in `says` once the reader is still; and remove(), which ends all this and takes the figure off the page.
function enliven({ model, traits, root, box, says, draw, redraw = draw, again, settable = {} }) {
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
		announcement = setTimeout(() => {
			live.textContent = says.map((node) => node.textContent).join(" ");
			const detail = writeState(Object.keys(settable), model, first);
			root.dispatchEvent(new CustomEvent("vaelab:state", { bubbles: true, detail }));
		}, 500);
		model.save_changes();
	}
	root.addEventListener("vaelab:set", (event) => {
		const wanted = Object.entries(event.detail).map(([name, text]) => [
			name,
			name in settable ? readValue(text, first[name], settable[name]) : undefined,
		]);
		if (wanted.every(([, value]) => value !== undefined)) change(Object.fromEntries(wanted), event);
	});
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
