// One point of the plane, ten labels, and what a conditional decoder draws there for each of them.

const LABELS = 10;

// For each label a decoder of its own. They share all layers; only the first bias is moved by the label's row.
function decoders(network, weights) {
	const [first, ...rest] = readLayers(network, weights),
		{ units, kernel, bias } = first,
		inputs = first.inputs - LABELS;
	return times(LABELS, (label) => {
		const row = kernel.subarray((inputs + label) * units, (inputs + label + 1) * units);
		const own = { inputs, units, kernel: kernel.subarray(0, inputs * units), bias: bias.map((b, i) => b + row[i]) };
		return [{ ...own, out: new Float64Array(units) }, ...rest];
	});
}

function render({ model, el }) {
	const { strings, root, number, say, tone } = beginFigure({ model, el }),
		{ reach, start } = model.get("view"),
		network = model.get("network");
	const drawers = decoders(network, model.get("weights")),
		[height, width] = network.shape,
		{ places } = network;
	const codes = pairsOf(new Float32Array(copy(model.get("codes")))),
		labels = new Uint8Array(copy(model.get("labels")));
	const square = { low: [-reach, -reach], high: [reach, reach], left: 34, right: 10, top: 8, bottom: 36 };

	const plane = addPlane(root, strings.plane, network.shape, square),
		{ main, hint, plot, scatter, axes, picture, caption, size, to } = plane;
	main.classList.add("ce-main");
	const [where, rare] = addReadout(main),
		readout = where.parentElement,
		name = newId();
	const own = element(readout, "span.ce-key.ce-own", HIDDEN);
	const others = element(readout, "span.ce-key", HIDDEN, strings.others);
	own.hidden = others.hidden = !labels.length;
	// A pinned handwriting stays below the digits, for comparison with wherever the point goes.
	let pinned;
	const pin = addButton(readout, "", () => keep(pinned ? null : model.get("point")), { class: "vx-button ce-pin" });
	function keep(z) {
		pinned = z;
		pin.textContent = z ? strings.unpin : strings.pin;
		const [x, y] = (z ?? [0, 0]).map((value) => number(value, 2));
		legend.textContent = z ? `${strings.choose} ${say("pinned", { x, y })}` : strings.choose;
		pins.forEach((canvas, label) => {
			canvas.hidden = !z;
			if (z) paint(canvas, decode(drawers[label], z), places);
		});
		showPin();
	}
	function showPin() {
		const [cx, cy] = to(pinned ?? [0, 0]);
		set(spot, { cx, cy, r: pinned ? 5 : 0 });
	}
	const choice = element(root, "fieldset.ce-choice");
	const legend = element(choice, "legend", strings.choose);
	const radios = [],
		[thumbnails, pins] = [[], []];
	for (let label = 0; label < LABELS; label++) {
		const box = element(choice, "label.ce-option");
		radios.push(element(box, "input", { type: "radio", name, value: label, "aria-label": say("digit", { label }) }));
		radios[label].addEventListener("change", (event) => change({ label }, event));
		for (const row of [thumbnails, pins]) row.push(element(box, "canvas", { width, height, ...HIDDEN }));
		element(box, "span", HIDDEN, String(label));
	}
	element(root, "p.vx-small", { id: hint }, strings.hint);

	let chosen, spot;

	function draw() {
		const point = model.get("point"),
			label = model.get("label");
		if (chosen !== label) (chosen = label), drawScatter();
		let ink;
		drawers.forEach((layers, i) => {
			const pixels = decode(layers, point);
			paint(thumbnails[i], pixels, places);
			if (i !== label) return;
			paint(picture, pixels, places);
			ink = number((100 * sumOf(pixels)) / (width * height), 0);
		});
		radios[label].checked = true;
		plane.moveRing(point);
		const [x, y] = point.map((value) => number(value, 2));
		where.textContent = say("where", { x, y, label });
		const outside = 100 * Math.exp(-0.5 * (point[0] ** 2 + point[1] ** 2)); // the chi-squared law with 2 degrees
		rare.textContent = say("rare", { percent: number(outside, outside < 1 ? 2 : 0) });
		caption.textContent = say("caption", { label });
		own.textContent = say("codes", { label });
		picture.ariaLabel = say("image", { label, width, height, ink });
	}

	function drawPlane() {
		chosen = undefined; // so that draw() draws the codes, too
		plane.layOut(number);
		const lines = element(axes, "g.vx-lines");
		for (const radius of [1, 2].filter((r) => r < reach)) addDot(lines, "", ...to([0, 0]), size(radius));
		spot = element(lines, "circle.ce-spot");
		showPin();
		plane.addRing(element(axes, "g.vx-cursor"));
		draw();
	}

	// The codes: those of the chosen label on top
	function drawScatter() {
		const ink = fit(scatter, square.side, square.left, square.top);
		for (const mine of [false, true]) {
			ink.fillStyle = tone(mine ? "accent" : "rim");
			labels.forEach((label, i) => {
				if ((label === chosen) === mine) plane.dot(ink, codes[i], mine ? 1.8 : 1.2);
			});
		}
	}

	plane.steer(model, start, (point, event) => change({ point }, event));
	choice.addEventListener("keydown", (event) => event.key.startsWith("Arrow") && event.stopPropagation()); // as onKeys
	onKeys(root, (event) => {
		if (!/^[0-9]$/.test(event.key)) return false;
		change({ label: Number(event.key) }, event);
		if (event.target !== plot) radios[chosen].focus();
	});

	const says = [where, rare],
		again = () => keep(null),
		settable = { point: [-reach, reach], label: (n) => (n in radios ? n : undefined) };
	const { change, remove } = enliven({ model, root, says, draw, redraw: drawPlane, again, settable });
	keep(null);
	return remove;
}

export default { render };
