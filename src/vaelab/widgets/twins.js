// Ways to draw digits side by side, fed the same quantiles: codes, pictures, and the nearest real digits.

const SIZE = 784,
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
		for (let j = 0; j < SIZE; j++, k++) sum += (pixels[j] - stored[k] / 15) ** 2;
		if (sum < found.distance) Object.assign(found, { i, distance: sum });
	}
	found.distance **= 0.5;
	return found;
}

const pictureOf = (stored, i) => inkOf(stored.subarray(i * SIZE, (i + 1) * SIZE));

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
	const { strings, root, number, say, tone } = beginFigure({ model, el }, "tw"),
		main = element(root, "div.tw-main"),
		sliders = element(root, "div.vx-sliders"),
		tray = element(root, "div.tw-tray"),
		below = element(root, "div.tw-below");
	root.dataset.loaded = false;
	let parts, stored, drawn, last;

	const canvas = (parent) => element(parent, "canvas.tw-image", { width: 28, height: 28 });
	const sides = model.get("samplers").map((side) => {
		const box = element(main, "div");
		element(box, "strong", side.label);
		const frame = strings.axes.length && element(box, "div.tw-plane"),
			plane = frame && element(frame, "canvas"),
			pair = element(box, "div.tw-pair", { role: "img" });
		return { ...side, frame, plane, pair, pictures: [pair, pair].map(canvas), words: element(box, "p") };
	});
	const shows = strings.axes.map((name, k) =>
		addSlider(element(sliders, "label"), name, RANGE, (value, event) =>
			change({ point: model.get("point").with(k, value) }, event),
		),
	);
	const draws = model.get("draws").map((_, i) => {
		const take = (event) => change({ point: model.get("draws")[i] }, event),
			button = addButton(tray, "", take, { class: "", "aria-label": say("take", { n: i + 1 }) });
		return sides.map(() => canvas(button));
	});
	addButton(below, strings.draw, (event) => {
		const share = () => Math.ceil(998 * Math.random()) / 1000;
		const ten = model.get("draws").map(([u]) => (shows.length ? [share(), share()] : [(u + 0.1) % 1, 0.5]));
		change({ draws: ten, point: ten[0] }, event);
	});
	const [where, mean] = addReadout(below);

	// Dots for codes and draws, and a ring for the point
	function drawPlane({ frame, plane, part }, marks, point) {
		const { view, codes } = parts[part][0],
			side = frame.clientWidth,
			{ to } = inSquare({ left: 0, top: 0, side, low: view[0], high: view[1] }),
			ink = fit(plane, side);
		const dot = (z, r, name, width) => {
			ink.fillStyle = ink.strokeStyle = tone(name);
			ink.lineWidth = width;
			ink.beginPath();
			ink.arc(...to(z), r, 0, 7);
			width ? ink.stroke() : ink.fill();
		};
		for (const z of codes) dot(z, 1, "edge");
		for (const z of marks) dot(z, 2.5, "ink");
		dot(point, 7, "paper", 6);
		dot(point, 7, "accent", 2.5);
	}

	const show = (side, pair) => {
		const made = side.draw(pair);
		return { ...made, ...findNearest(made.pixels, stored) };
	};
	function draw() {
		const point = model.get("point"),
			ten = model.get("draws"),
			shares = point.map((share) => say("percent", { percent: number(100 * share, 1) }));
		shows.forEach((tell, k) => tell(point[k], shares[k]));
		if (!stored) return (where.textContent = strings[root.dataset.data]);
		where.textContent = say("where", { x: shares[0], y: shares[1], n: Math.floor(100 * point[0]) + 1 });
		if (ten !== last) {
			last = ten;
			drawn = sides.map((side) => ten.map((pair) => show(side, pair)));
			const means = drawn.map((row) => number(sumOf(row.map((one) => one.distance)) / row.length, 2));
			mean.textContent = say("mean", { means: means.join("; ") });
			draws.forEach((images, i) => images.forEach((image, k) => paint(image, drawn[k][i].pixels)));
		}
		[...tray.children].forEach((one, i) => (one.ariaPressed = `${ten[i]}` === `${point}`));
		sides.forEach((side, k) => {
			const { code, pixels, i, distance } = show(side, point),
				[x, y] = (code ?? []).map((value) => number(value, 1)),
				words = { name: side.label, digit: parts.digits[0].labels[i], distance: number(distance, 2), x, y };
			[pixels, pictureOf(stored, i)].forEach((one, n) => paint(side.pictures[n], one));
			side.words.textContent = say("nearest", words);
			side.pair.ariaLabel = say("image", words);
			const codes = drawn[k].map((one) => one.code);
			if (code) drawPlane(side, codes, code);
		});
	}

	async function receive(all) {
		parts = all;
		for (const side of sides) side.draw = await sampler(parts[side.part]);
		stored = await inflate(parts.digits[1]);
		draw();
	}
	const stopLoading = loadData(root, model, receive, draw);

	const says = [where, ...sides.map(({ words }) => words), mean],
		settable = { point: [RANGE.min, RANGE.max] };
	const { change, remove } = enliven({ model, root, traits: ["point", "draws"], says, draw, settable });
	return () => {
		stopLoading();
		remove();
	};
}

export { readDataFile, sampler };
export default { render };
