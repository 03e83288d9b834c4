// ---- two lines between two codes, after the decoder of plane.js. Styles: code_walker.css after plane.css. ----------

const LEFT = 30,
	RIGHT = 12,
	TOP = 28,
	PANELS = [86, 130], // on a telephone, and wide
	BOTTOM = 38,
	STEPS = 60,
	LINES = ["straight", "spherical"];

const lengthOf = (z) => Math.hypot(...z);

const straightLine = (a, b, way) => a.map((value, i) => (1 - way) * value + way * b[i]);

// The direction turns evenly, and the length changes evenly. Two codes of one direction have no arc.
function sphericalLine(a, b, way) {
	const from = lengthOf(a),
		to = lengthOf(b),
		cosine = a.reduce((sum, value, i) => sum + value * b[i], 0) / (from * to);
	const angle = Math.acos(clamp(cosine, [-1, 1])),
		sine = Math.sin(angle);
	if (sine < 1e-6) return straightLine(a, b, way);
	const [ofA, ofB] = [Math.sin((1 - way) * angle) / (sine * from), Math.sin(way * angle) / (sine * to)];
	return a.map((value, i) => ((1 - way) * from + way * to) * (ofA * value + ofB * b[i]));
}

function render({ model, el }) {
	const strings = model.get("strings"),
		network = model.get("network"),
		{ places } = network;
	const { codes, names, directions, most, shares, band } = model.get("view");
	const layers = readLayers(network, model.get("weights")),
		[height, width] = network.shape;
	const number = numbersOf(strings.language),
		vectors = Object.values(directions);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const choice = element(root, "div", { class: "cw-ends" });
	const selects = ["from", "to"].map((name, place) => {
		const end = element(choice, "div"),
			id = newId();
		element(end, "label", { for: id }, strings[name]);
		const select = element(end, "select", { id, ...OWN_KEYS });
		names.forEach((text, i) => element(select, "option", { value: i }, text));
		select.addEventListener("change", (event) => {
			const ends = [...model.get("ends")];
			ends[place] = Number(select.value);
			change({ ends }, event);
		});
		return select;
	});
	// Walks from one end to the other in about six seconds, in steps for those who asked for less motion.
	const player = element(choice, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, strings.play);
	let playing = 0;
	function stop() {
		clearTimeout(playing);
		playing = 0;
		player.textContent = strings.play;
	}
	function step() {
		const calm = matchMedia("(prefers-reduced-motion: reduce)").matches,
			way = Math.min(1, Math.round(100 * model.get("way") + (calm ? 10 : 1)) / 100);
		change({ way }, { timeStamp: performance.now() });
		if (way === 1) stop();
		else playing = setTimeout(step, calm ? 800 : 60);
	}
	player.addEventListener("click", (event) => {
		if (playing) return stop();
		if (model.get("way") === 1) change({ way: 0 }, event);
		player.textContent = strings.pause;
		step();
	});
	const main = element(root, "div", { class: "cw-main" });
	const pictures = [...LINES, "difference"].map((name) => {
		const beside = element(main, "div"),
			frame = element(beside, "div", { class: "vx-frame" });
		const picture = element(frame, "canvas", { role: "img", width, height });
		picture.style.aspectRatio = `${width} / ${height}`;
		element(beside, "div", { class: `vx-caption cw-${name}`, "aria-hidden": "true" }, strings[name]);
		return picture;
	});
	const drawing = element(main, "svg", { class: "vx-drawing", role: "img", focusable: "false" });
	const sliders = element(root, "div", { class: "vx-sliders" });
	const showWay = addSlider(element(sliders, "label"), strings.way, { min: 0, max: 1, step: 0.01 }, (way, event) =>
		change({ way }, event),
	);
	const showAmounts = Object.keys(directions).map((name, i) =>
		addSlider(element(sliders, "label"), name, { min: -most, max: most, step: 0.1 }, (value, event) => {
			const amounts = [...model.get("amounts")];
			amounts[i] = value;
			change({ amounts }, event);
		}),
	);
	// A finger walks across a picture, from its left edge to its right one, or along the curves.
	for (const [node, left, right] of [...pictures.map((picture) => [picture, 0, 0]), [drawing, LEFT, RIGHT]]) {
		node.classList.add("vx-across");
		onDrag(node, (event) => {
			const box = node.getBoundingClientRect(),
				way = (event.clientX - box.left - left) / (box.width - left - right);
			change({ way: clamp(Math.round(100 * way) / 100, [0, 1]) }, event);
		});
	}
	const [first, second] = addReadout(root);
	element(root, "p", { class: "vx-small" }, strings.small);

	const image = pictures[0].getContext("2d").createImageData(width, height);
	const blank = () => image.data.fill(255);

	// The codes at a share of the way: [straight, spherical]
	function at(way) {
		const [a, b] = model.get("ends").map((place) => codes[place]),
			amounts = model.get("amounts");
		return [straightLine, sphericalLine].map((line) =>
			line(a, b, way).map((value, i) => vectors.reduce((sum, vector, k) => sum + amounts[k] * vector[i], value)),
		);
	}

	// Which share of N(0, I) is nearer to 0 than a point of this length, in per cent
	function share(length) {
		const place = Math.min(20 * length, shares.length - 1),
			low = Math.floor(place),
			high = Math.ceil(place);
		return 100 * (shares[low] + (place - low) * (shares[high] - shares[low]));
	}

	function drawLengths(way, lengths) {
		const w = drawing.clientWidth || 300,
			tall = PANELS[Number(root.clientWidth >= 560)],
			base = TOP + tall,
			ceiling = Math.max(1.15 * band[1], ...lengths.flat());
		const toX = (t) => LEFT + t * (w - RIGHT - LEFT),
			toY = (length) => base - (length / ceiling) * tall;
		set(drawing, { height: base + BOTTOM, viewBox: `0 0 ${w} ${base + BOTTOM}` });
		drawing.replaceChildren();
		const box = { x: LEFT, y: toY(band[1]), width: w - RIGHT - LEFT, height: toY(band[0]) - toY(band[1]) };
		element(drawing, "rect", { class: "cw-band", ...box });
		element(drawing, "text", { class: "vx-title", x: 4, y: 15 }, strings.length);
		ticksBeside(drawing, LEFT, ticks(0, ceiling, 4).found, toY, (value) => number(value, 0));
		element(drawing, "line", { x1: LEFT, x2: LEFT, y1: TOP, y2: base });
		element(drawing, "line", { x1: LEFT, x2: w - RIGHT, y1: base, y2: base });
		const percent = (value) => fill(strings.percent, { percent: number(100 * value, 0) });
		ticksBelow(drawing, base, [0, 0.5, 1], toX, percent, [LEFT + 20, w - RIGHT - 20]);
		const middle = { x: (LEFT + w - RIGHT) / 2, y: base + 34, "text-anchor": "middle" };
		element(drawing, "text", middle, strings.way);
		const lines = LINES.map((name, i) => {
			const trace = lengths.map((pair, k) => `${toX(k / STEPS).toFixed(1)} ${toY(pair[i]).toFixed(1)}`).join("L");
			return element(drawing, "path", { class: `cw-line cw-${name}`, d: `M${trace}` });
		});
		at(way).forEach((z, i) => {
			const dot = { class: `cw-${LINES[i]}`, cx: toX(way), cy: toY(lengthOf(z)), r: 5 };
			lines.push(element(drawing, "circle", dot));
		});
		const [x, y, bottom] = [w - RIGHT - 4, toY(band[1]), toY(band[0])],
			label = element(drawing, "text", { class: "cw-name" }, strings.band);
		const places = [y + 14, bottom - 6, y - 5, bottom + 16, (y + bottom) / 2 + 4].flatMap((height) => [
			[x, height, "end"],
			[LEFT + 6, height, "start"],
			[(LEFT + x) / 2, height],
		]);
		placeFreely(label, places, lines.flatMap(along), [LEFT, TOP - 6, w - RIGHT, base]);
	}

	function draw() {
		const way = model.get("way"),
			[start, end] = model.get("ends").map((place) => names[place]),
			here = at(way);
		const percent = number(100 * way, 0);
		// Red where the spherical line has more ink, dark where the straight one has: no difference is white.
		const both = here.map((z) => Array.from(decode(layers, z)));
		const shades = (k) => {
			const more = both[1][k] - both[0][k];
			return more > 0 ? [180, 35, 90].map((c) => 255 - more * (255 - c)) : Array(3).fill(255 * (1 + more));
		};
		const differ = both[0].reduce((sum, value, k) => sum + Math.abs(value - both[1][k]), 0) / (width * height);
		pictures.forEach((picture, i) => {
			blank();
			for (let k = 0; k < places.length; k++) {
				const colour = i < 2 ? Array(3).fill(255 * (1 - both[i][k])) : shades(k);
				image.data.set(colour, 4 * places[k]);
			}
			picture.getContext("2d").putImageData(image, 0, 0);
			const words = { line: strings[LINES[i]], percent, start, end, share: number(100 * differ, 1) };
			picture.setAttribute("aria-label", fill(strings[i < 2 ? "image" : "difference_image"], words));
		});
		const lengths = Array.from({ length: STEPS + 1 }, (_, k) => at(k / STEPS).map(lengthOf));
		const [low, round] = [0, 1].map((i) => number(Math.min(...lengths.map((pair) => pair[i])), 2));
		drawing.setAttribute("aria-label", fill(strings.picture, { low, round }));
		drawLengths(way, lengths);
		const [straight, spherical] = here.map((z) => number(lengthOf(z), 2));
		first.textContent = fill(strings.readout, { straight, spherical });
		const [near, far] = here.map((z) => number(share(lengthOf(z)), share(lengthOf(z)) < 10 ? 1 : 0));
		second.textContent = fill(strings.share, { straight: near, spherical: far });
		selects.forEach((select, place) => {
			const ends = model.get("ends");
			select.value = ends[place];
			[...select.options].forEach((option, i) => (option.disabled = i === ends[1 - place])); // no line from x to x
		});
		showWay(way, fill(strings.percent, { percent }));
		model.get("amounts").forEach((amount, i) => showAmounts[i](amount, number(amount, 1)));
	}

	const traits = ["ends", "way", "amounts"];
	const settable = {
		ends: (n) => (n in codes ? n : undefined),
		way: (n) => clamp(n, [0, 1]),
		amounts: (n) => clamp(n, [-most, most]),
	};
	const parts = { model, traits, root, box: drawing, says: [first, second] };
	const { change, remove } = enliven({ ...parts, draw, again: stop, settable });
	return () => (stop(), remove());
}

export { sphericalLine };
export default { render };
