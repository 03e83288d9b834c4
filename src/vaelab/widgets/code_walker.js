// Two lines between two codes, and what the decoder draws on them.

const LEFT = 30,
	RIGHT = 12,
	TOP = 28,
	PANELS = [86, 130], // on a telephone, and wide
	STEPS = 60,
	LINES = ["straight", "spherical"];

const lengthOf = (z) => Math.hypot(...z);

const straightLine = (a, b, way) => a.map((value, i) => (1 - way) * value + way * b[i]);

// The direction turns evenly, and the length changes evenly. Two codes of one direction have no arc.
function sphericalLine(a, b, way) {
	const from = lengthOf(a),
		to = lengthOf(b),
		cosine = sumOf(a.map((value, i) => value * b[i])) / (from * to);
	const angle = Math.acos(clamp(cosine, [-1, 1])),
		sine = Math.sin(angle);
	if (sine < 1e-6) return straightLine(a, b, way);
	const [ofA, ofB] = [Math.sin((1 - way) * angle) / (sine * from), Math.sin(way * angle) / (sine * to)];
	return a.map((value, i) => ((1 - way) * from + way * to) * (ofA * value + ofB * b[i]));
}

function render({ model, el }) {
	const { strings, root, number, say } = beginFigure({ model, el }),
		network = model.get("network"),
		{ places } = network;
	const { codes, names, directions, most, shares, band } = model.get("view");
	const layers = readLayers(network, model.get("weights")),
		[height, width] = network.shape,
		vectors = Object.values(directions);

	const choice = element(root, "div.cw-ends");
	const selects = ["from", "to"].map((name, place) => {
		const end = element(choice, "div"),
			id = newId();
		element(end, "label", { for: id }, strings[name]);
		const select = element(end, "select", { id });
		names.forEach((text, i) => element(select, "option", { value: i }, text));
		select.addEventListener("change", (event) => put("ends", place, Number(select.value), event));
		return select;
	});
	// Walks from one end to the other in about six seconds, in steps for those who asked for less motion.
	const player = addButton(choice, strings.play, (event) => {
		if (playing) return stop();
		if (model.get("way") === 1) change({ way: 0 }, event);
		player.textContent = strings.pause;
		step();
	});
	let playing = 0;
	function stop() {
		clearTimeout(playing);
		playing = 0;
		player.textContent = strings.play;
	}
	function step() {
		const calm = LESS_MOTION.matches,
			way = Math.min(1, Math.round(100 * model.get("way") + (calm ? 10 : 1)) / 100);
		change({ way });
		if (way === 1) stop();
		else playing = setTimeout(step, calm ? 800 : 60);
	}
	const main = element(root, "div.cw-main");
	const pictures = [...LINES, "difference"].map((name) => {
		const beside = element(main, "div"),
			picture = addFrame(beside, [height, width]);
		element(beside, `div.vx-caption cw-${name}`, HIDDEN, strings[name]);
		return picture;
	});
	const drawing = element(main, "svg.vx-drawing", { role: "img" });
	const sliders = element(root, "div.vx-sliders");
	const walk = (way, event) => change({ way }, event),
		put = (name, place, value, event) => change({ [name]: model.get(name).with(place, value) }, event);
	const showWay = addSlider(element(sliders, "label"), strings.way, { min: 0, max: 1, step: 0.01 }, walk);
	const showAmounts = Object.keys(directions).map((name, i) =>
		addSlider(element(sliders, "label"), name, { min: -most, max: most, step: 0.1 }, (value, event) =>
			put("amounts", i, value, event),
		),
	);
	for (const node of [...pictures, drawing]) {
		node.classList.add("vx-across");
		onDragAcross(node, node === drawing ? [LEFT, RIGHT] : [0, 0], [0, 1], 0.01, walk);
	}
	const [first, second] = addReadout(root);

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
		const right = w - RIGHT,
			toX = (t) => LEFT + t * (right - LEFT);
		const edges = { width: w, height: base + 38, title: strings.length, left: LEFT, right, top: TOP, base };
		const toY = startChart(drawing, edges, [0, ceiling], 4, number),
			[y, bottom] = [toY(band[1]), toY(band[0])];
		const box = { x: LEFT, y, width: right - LEFT, height: bottom - y };
		drawing.prepend(element(drawing, "rect.cw-band", box)); // below the axes
		const percent = (value) => say("percent", { percent: number(100 * value, 0) });
		ticksBelow(drawing, base, [0, 0.5, 1], toX, percent, [LEFT + 20, right - 20]);
		addText(drawing, "", toX(0.5), base + 34, strings.way);
		const lines = LINES.map((name, i) => {
			const d = through(lengths.map((pair, k) => [toX(k / STEPS), toY(pair[i])]));
			return element(drawing, `path.cw-line cw-${name}`, { d });
		});
		at(way).forEach((z, i) => lines.push(addDot(drawing, `cw-${LINES[i]}`, toX(way), toY(lengthOf(z)), 5)));
		const label = element(drawing, "text.cw-name", strings.band);
		const places = [y + 14, bottom - 6, y - 5, bottom + 16, (y + bottom) / 2 + 4].flatMap((height) => [
			[right - 4, height, "end"],
			[LEFT + 6, height, "start"],
			[toX(0.5), height],
		]);
		placeFreely(label, places, lines.flatMap(along), [LEFT, TOP - 6, right, base]);
	}

	// Red where the spherical line has more ink, dark where the straight one has: no difference is white.
	const shade = (more) => (more > 0 ? [75, 220, 165].map((part) => (more * part) / 255) : -more);

	function draw() {
		const way = model.get("way"),
			[start, end] = model.get("ends").map((place) => names[place]),
			here = at(way);
		const percent = number(100 * way, 0);
		const both = here.map((z) => Array.from(decode(layers, z))),
			more = both[1].map((value, k) => value - both[0][k]),
			differ = sumOf(more.map(Math.abs)) / (width * height);
		pictures.forEach((picture, i) => {
			paint(picture, both[i] ?? more.map(shade), places);
			const words = { line: strings[LINES[i]], percent, start, end, share: number(100 * differ, 1) };
			picture.ariaLabel = say(i < 2 ? "image" : "difference_image", words);
		});
		const lengths = times(STEPS + 1, (k) => at(k / STEPS).map(lengthOf));
		const [low, round] = [0, 1].map((i) => number(Math.min(...lengths.map((pair) => pair[i])), 2));
		drawing.ariaLabel = say("picture", { low, round });
		drawLengths(way, lengths);
		const [straight, spherical] = here.map((z) => number(lengthOf(z), 2));
		first.textContent = say("readout", { straight, spherical });
		const [near, far] = here.map((z) => number(share(lengthOf(z)), share(lengthOf(z)) < 10 ? 1 : 0));
		second.textContent = say("share", { straight: near, spherical: far });
		selects.forEach((select, place) => {
			const ends = model.get("ends");
			select.value = ends[place];
			[...select.options].forEach((option, i) => (option.disabled = i === ends[1 - place])); // no line from x to x
		});
		showWay(way, say("percent", { percent }));
		model.get("amounts").forEach((amount, i) => showAmounts[i](amount, number(amount, 1)));
	}

	const settable = { ends: (n) => (n in codes ? n : undefined), way: [0, 1], amounts: [-most, most] };
	const { change, remove } = enliven({ model, root, draw, again: stop, settable });
	return () => (stop(), remove());
}

export default { render };
