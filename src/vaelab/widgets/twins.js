// Ways to draw digits side by side, fed the same quantiles: codes, pictures, and the nearest real digits.

const SIZE = 784,
	GREYS = 15, // of stored pictures, above white
	RANGE = { min: 0.001, max: 0.999, step: 0.001 }; // of the quantiles

// The share of N(0, 1) below x (Marsaglia, 2004).
function shareBelow(x) {
	if (Math.abs(x) > 6) return x > 0;
	let sum = x;
	for (let term = x, i = 3, before = 0; sum !== before; i += 2) (before = sum), (sum += term *= (x * x) / i);
	return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

// The value below which the share u of a mixture of Gaussians [weight, mean, sd] lies, within ±1000.
function quantile(u, parts) {
	let value = 0;
	for (let step = 500; step > 1e-9; step /= 2) {
		const share = parts.reduce((sum, [weight, mean, sd]) => sum + weight * shareBelow((value - mean) / sd), 0);
		value += share < u ? step : -step;
	}
	return value;
}

// The code at a pair of quantiles, as `code_at` in twins.py.
function codeAt(density, [u, v]) {
	const z = quantile(u, density);
	const here = density.map(([weight, mean, sd, next, slope, rest]) => {
		const away = (z - mean) / sd;
		return [(weight / sd) * Math.exp(-0.5 * away * away), next + slope * away, rest];
	});
	const total = here.reduce((sum, [weight]) => sum + weight, 0);
	return [z, quantile(v * total, here)];
}

// {i, distance} of the nearest stored picture, Euclidean over the pixels.
function findNearest(pixels, stored) {
	const found = { distance: Infinity };
	for (let i = 0, k = 0; k < stored.length; i++) {
		let sum = 0;
		for (let j = 0; j < SIZE; j++, k++) sum += (pixels[j] - stored[k] / GREYS) ** 2;
		if (sum < found.distance) Object.assign(found, { i, distance: sum });
	}
	found.distance **= 0.5;
	return found;
}

const pictureOf = (stored, i) => Float64Array.from(stored.subarray(i * SIZE, (i + 1) * SIZE), (grey) => grey / GREYS);

// pair => {code, pixels}: what a part of the file draws at a pair of quantiles, computed or taken from stored pictures.
async function sampler([{ steps, dtype, density, places }, bytes]) {
	const layers = steps && readLayers({ dtype, steps }, bytes),
		stored = steps || (await inflate(bytes));
	return (pair) => {
		if (!layers) return { pixels: pictureOf(stored, Math.floor((pair[0] * stored.length) / SIZE)) };
		const code = codeAt(density, pair),
			pixels = new Float64Array(SIZE);
		decode(layers, code).forEach((value, i) => (pixels[places[i]] = value));
		return { code, pixels };
	};
}

function render({ model, el }) {
	const strings = model.get("strings"),
		number = numbersOf(strings.language),
		parts = {};
	const root = element(el, "div", { class: "vaelab-explorer tw", lang: strings.language, "data-loaded": false }),
		main = element(root, "div", { class: "tw-main" }),
		sliders = element(root, "div", { class: "vx-sliders" }),
		tray = element(root, "div", { class: "tw-tray" }),
		below = element(root, "div", { class: "tw-below" });
	let stored, drawn, last, failed;

	const canvas = (parent) => element(parent, "canvas", { class: "tw-image", width: 28, height: 28 });
	const sides = model.get("samplers").map((side) => {
		const box = element(main, "div");
		element(box, "strong", {}, side.label);
		const frame = strings.axes.length && element(box, "div", { class: "tw-plane" }),
			plane = frame && element(frame, "canvas"),
			pair = element(box, "div", { class: "tw-pair", role: "img" });
		return { ...side, frame, plane, pair, pictures: [pair, pair].map(canvas), words: element(box, "p") };
	});
	const shows = strings.axes.map((name, k) =>
		addSlider(element(sliders, "label"), name, RANGE, (value, event) =>
			change({ point: model.get("point").map((old, i) => (i === k ? value : old)) }, event),
		),
	);
	const button = (parent, attributes, words, press) =>
		element(parent, "button", { ...attributes, ...OWN_KEYS }, words).addEventListener("click", press);
	model
		.get("draws")
		.forEach((_, i) =>
			button(tray, { "aria-label": fill(strings.take, { n: i + 1 }) }, "", (event) =>
				change({ point: model.get("draws")[i] }, event),
			),
		);
	const draws = [...tray.children].map((one) => sides.map(() => canvas(one)));
	button(below, { class: "vx-button" }, strings.draw, (event) => {
		const share = () => Math.ceil(998 * Math.random()) / 1000;
		const ten = model.get("draws").map(([u]) => (shows.length ? [share(), share()] : [(u + 0.1) % 1, 0.5]));
		change({ draws: ten, point: ten[0] }, event);
	});
	const [where, mean] = addReadout(below);
	element(root, "p", { class: "vx-small" }, strings.small);

	// Dots for codes and draws, and a ring for the point
	function drawPlane({ frame, plane }, { view: [low, high], codes }, marks, point) {
		const size = frame.clientWidth,
			ink = fit(plane, 0, 0, size);
		const dot = ([x, y], r, name, width) => {
			ink.fillStyle = ink.strokeStyle = getComputedStyle(root).getPropertyValue(name);
			ink.lineWidth = width;
			ink.beginPath();
			ink.arc(...[x - low[0], high[1] - y].map((away) => (away * size) / (high[0] - low[0])), r, 0, 7);
			width ? ink.stroke() : ink.fill();
		};
		for (const z of codes) dot(z, 1, "--vx-edge");
		for (const z of marks) dot(z, 2.5, "--vx-ink");
		dot(point, 7, "--vx-paper", 6);
		dot(point, 7, "--vx-accent", 2.5);
	}

	const show = (side, pair) => {
		const made = side.draw(pair);
		return { ...made, ...findNearest(made.pixels, stored) };
	};
	function draw() {
		const point = model.get("point"),
			ten = model.get("draws"),
			shares = point.map((share) => fill(strings.percent, { percent: number(100 * share, 1) }));
		shows.forEach((tell, k) => tell(point[k], shares[k]));
		if (!stored) return (where.textContent = failed ? strings.failed : strings.loading);
		where.textContent = fill(strings.where, { x: shares[0], y: shares[1], n: Math.floor(100 * point[0]) + 1 });
		if (ten !== last) {
			last = ten;
			drawn = sides.map((side) => ten.map((pair) => show(side, pair)));
			const means = drawn.map((row) => number(row.reduce((sum, { distance }) => sum + distance, 0) / row.length, 2));
			mean.textContent = fill(strings.mean, { means: means.join("; ") });
			draws.forEach((images, i) => images.forEach((image, k) => paint(image, drawn[k][i].pixels)));
		}
		[...tray.children].forEach((one, i) => set(one, { "aria-pressed": `${ten[i]}` === `${point}` }));
		sides.forEach((side, k) => {
			const { code, pixels, i, distance } = show(side, point),
				[x, y] = (code ?? []).map((value) => number(value, 1)),
				words = { name: side.label, digit: parts.digits[0].labels[i], distance: number(distance, 2), x, y };
			paint(side.pictures[0], pixels);
			paint(side.pictures[1], pictureOf(stored, i));
			side.words.textContent = fill(strings.nearest, words);
			set(side.pair, { "aria-label": fill(strings.image, words) });
			if (code)
				drawPlane(
					side,
					parts[side.part][0],
					drawn[k].map((one) => one.code),
					code,
				);
		});
	}

	// The files come when the figure is near the screen
	async function receive(own) {
		Object.assign(parts, own);
		if (!parts.digits || sides.some(({ part }) => !parts[part])) return;
		for (const side of sides) side.draw = await sampler(parts[side.part]);
		stored = await inflate(parts.digits[1]);
		root.dataset.loaded = true;
		draw();
	}
	const lose = () => ((failed = true), draw());
	const names = [model.get("data_file"), model.get("more_data")].filter(Boolean);
	const stops = [whenNear(root, () => stops.push(...names.map((name) => loadDataFile(model, receive, lose, name))))];

	const says = [where, ...sides.map(({ words }) => words), mean],
		settable = { point: (share) => clamp(share, [RANGE.min, RANGE.max]) };
	const { change, remove } = enliven({ model, traits: ["point", "draws"], root, box: main, says, draw, settable });
	return () => {
		for (const stop of stops) stop();
		remove();
	};
}

export { codeAt, findNearest, pictureOf, readDataFile, sampler };
export default { render };
