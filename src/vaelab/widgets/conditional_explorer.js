// One point of the plane, ten labels, and what a conditional decoder draws there for each of them.

const LEFT = 34,
	RIGHT = 10,
	TOP = 8,
	BOTTOM = 36,
	LABELS = 10;

// For each label a decoder of its own. They share all layers; only the first bias is moved by the label's row.
function decoders(network, weights) {
	const [first, ...rest] = readLayers(network, weights),
		{ units, kernel, bias } = first,
		inputs = first.inputs - LABELS;
	return Array.from({ length: LABELS }, (_, label) => {
		const row = kernel.subarray((inputs + label) * units, (inputs + label + 1) * units);
		const own = { inputs, units, kernel: kernel.subarray(0, inputs * units), bias: bias.map((b, i) => b + row[i]) };
		return [{ ...own, out: new Float64Array(units) }, ...rest];
	});
}

function render({ model, el }) {
	const strings = model.get("strings"),
		{ reach, start } = model.get("view"),
		network = model.get("network");
	const drawers = decoders(network, model.get("weights")),
		[height, width] = network.shape,
		{ places } = network;
	const codes = new Float32Array(copy(model.get("codes"))),
		labels = new Uint8Array(copy(model.get("labels")));
	const number = numbersOf(strings.language);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const { main, hint, plot, scatter, axes, grip, picture, caption } = addPlane(root, strings.plane, network.shape);
	main.classList.add("ce-main");
	const [where, rare] = addReadout(main),
		name = newId();
	const own = element(where.parentElement, "span", { class: "ce-key ce-own", "aria-hidden": "true" });
	const others = element(where.parentElement, "span", { class: "ce-key", "aria-hidden": "true" }, strings.others);
	own.hidden = others.hidden = !labels.length;
	// A pinned handwriting stays below the digits, for comparison with wherever the point goes.
	const pin = element(where.parentElement, "button", { type: "button", class: "vx-button ce-pin", ...OWN_KEYS });
	let pinned = null;
	pin.addEventListener("click", () => keep(pinned ? null : point));
	function keep(z) {
		pinned = z;
		pin.textContent = z ? strings.unpin : strings.pin;
		const [x, y] = (z ?? [0, 0]).map((value) => number(value, 2));
		legend.textContent = z ? `${strings.choose} ${fill(strings.pinned, { x, y })}` : strings.choose;
		pins.forEach((context, label) => {
			context.canvas.hidden = !z;
			if (z) paint(decode(drawers[label], z)), context.putImageData(image, 0, 0);
		});
		showPin();
	}
	function showPin() {
		set(spot, pinned ? { cx: toX(pinned[0]), cy: toY(pinned[1]), r: 5 } : { r: 0 });
	}
	const choice = element(root, "fieldset", { class: "ce-choice" });
	const legend = element(choice, "legend", {}, strings.choose);
	const radios = [],
		pins = [],
		thumbnails = [];
	for (let label = 0; label < LABELS; label++) {
		const box = element(choice, "label", { class: "ce-option" });
		const words = { type: "radio", name, value: label, "aria-label": fill(strings.digit, { label }), ...OWN_KEYS };
		radios.push(element(box, "input", words));
		thumbnails.push(element(box, "canvas", { width, height, "aria-hidden": "true" }).getContext("2d"));
		pins.push(element(box, "canvas", { width, height, hidden: "", "aria-hidden": "true" }).getContext("2d"));
		element(box, "span", { "aria-hidden": "true" }, String(label));
	}
	element(root, "p", { class: "vx-small", id: hint }, strings.hint);

	const large = picture.getContext("2d"),
		image = large.createImageData(width, height);
	image.data.fill(255);

	// State of this view
	let point,
		chosen,
		side = 0,
		ring,
		spot;
	const toX = (x) => LEFT + ((x + reach) / (2 * reach)) * side,
		toY = (y) => TOP + ((reach - y) / (2 * reach)) * side;

	// Draws pixels on the image, and returns how much ink they take
	function paint(pixels) {
		let sum = 0;
		for (let i = 0; i < pixels.length; i++) {
			const k = 4 * places[i];
			sum += pixels[i];
			image.data[k] = image.data[k + 1] = image.data[k + 2] = 255 * (1 - pixels[i]);
		}
		return sum;
	}

	// Everything that depends on the point and on the label
	function draw() {
		point = model.get("point");
		if (chosen !== model.get("label")) (chosen = model.get("label")), drawScatter();
		let ink = 0;
		for (let label = 0; label < LABELS; label++) {
			const sum = paint(decode(drawers[label], point));
			thumbnails[label].putImageData(image, 0, 0);
			if (label === chosen) large.putImageData(image, 0, 0), (ink = (100 * sum) / (width * height));
		}
		radios[chosen].checked = true;
		set(ring, { transform: `translate(${toX(point[0])} ${toY(point[1])})` });
		grip.style.transform = `translate(${toX(point[0])}px, ${toY(point[1])}px)`;
		const [x, y] = point.map((value) => number(value, 2));
		where.textContent = fill(strings.where, { x, y, label: chosen });
		const outside = 100 * Math.exp(-0.5 * (point[0] ** 2 + point[1] ** 2)); // the chi-squared law with 2 degrees
		rare.textContent = fill(strings.rare, { percent: number(outside, outside < 1 ? 2 : 0) });
		caption.textContent = fill(strings.caption, { label: chosen });
		own.textContent = fill(strings.codes, { label: chosen });
		picture.setAttribute("aria-label", fill(strings.image, { label: chosen, width, height, ink: number(ink, 0) }));
	}

	const moveTo = (x, y, event) => change({ point: [x, y].map((value) => clamp(value, [-reach, reach])) }, event);

	// Everything that depends on the size and on the theme
	function drawPlane() {
		const size = plot.clientWidth || 420;
		side = Math.max(40, size - LEFT - RIGHT);
		plot.style.height = `${TOP + side + BOTTOM}px`;
		chosen = undefined; // so that draw() draws the codes, too
		axes.replaceChildren();
		set(axes, { width: size, height: TOP + side + BOTTOM });
		const grid = element(axes, "g", { class: "vx-axes" }),
			lines = element(axes, "g", { class: "vx-lines" });
		element(grid, "rect", { x: LEFT, y: TOP, width: side, height: side });
		const bottom = TOP + side;
		const { found } = ticks(-reach, reach, Math.max(3, side / 50));
		const toText = (value) => number(value, Number.isInteger(value) ? 0 : 2);
		ticksBelow(grid, bottom, found, toX, toText);
		ticksBeside(grid, LEFT, found, toY, toText);
		element(grid, "text", { x: LEFT + side / 2, y: bottom + 33, "text-anchor": "middle", class: "vx-name" }, "z₁");
		const name = { x: 9, y: betweenTicks(found.map(toY)), "text-anchor": "middle", class: "vx-name" };
		element(grid, "text", name, "z₂");
		for (const radius of [1, 2].filter((r) => r < reach)) {
			element(lines, "circle", { cx: toX(0), cy: toY(0), r: (radius / (2 * reach)) * side });
		}
		spot = element(lines, "circle", { class: "ce-spot" });
		showPin();
		ring = element(element(axes, "g", { class: "vx-cursor" }), "g", { class: "vx-ring" });
		for (const halo of ["vx-halo", ""]) {
			element(ring, "circle", { class: halo, r: 8 });
			element(ring, "path", { class: halo, d: "M-16 0H-11M11 0H16M0 -16V-11M0 11V16" });
		}
		draw();
	}

	// The codes: those of the chosen label on top
	function drawScatter() {
		const colours = getComputedStyle(root),
			ink = fit(scatter, LEFT, TOP, side);
		for (const mine of [false, true]) {
			ink.fillStyle = colours.getPropertyValue(mine ? "--vx-accent" : "--vx-rim");
			for (let i = 0; i < labels.length; i++) {
				if ((labels[i] === chosen) !== mine) continue;
				ink.beginPath();
				ink.arc(toX(codes[2 * i]) - LEFT, toY(codes[2 * i + 1]) - TOP, mine ? 1.8 : 1.2, 0, 2 * Math.PI);
				ink.fill();
			}
		}
	}

	// Input
	function follow(event) {
		const box = scatter.getBoundingClientRect(),
			share = (2 * reach) / box.width;
		moveTo((event.clientX - box.left) * share - reach, reach - (event.clientY - box.top) * share, event);
	}
	onDrag(plot, follow);
	root.addEventListener("keydown", (event) => {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const step = event.target === plot && arrowStep(event, reach / 50),
			digit = /^[0-9]$/.test(event.key);
		if (event.key.startsWith("Arrow") || digit) event.stopPropagation(); // pages turn on the arrow keys in some themes
		if (digit) {
			change({ label: Number(event.key) }, event);
			if (event.target !== plot) radios[chosen].focus();
		} else if (step) moveTo(point[0] + step[0], point[1] + step[1], event);
		else if (event.key === "Home" && event.target === plot) moveTo(...start, event);
		else return;
		event.preventDefault();
	});
	radios.forEach((radio, label) => radio.addEventListener("change", (event) => change({ label }, event)));

	const parts = { model, traits: ["point", "label"], root, box: plot, says: [where, rare] };
	const settable = { point: (n) => clamp(n, [-reach, reach]), label: (n) => (n in radios ? n : undefined) };
	const { change, remove } = enliven({ ...parts, draw, redraw: drawPlane, settable, again: () => keep(null) });
	keep(null);
	return remove;
}

export { decode, decoders };
export default { render };
