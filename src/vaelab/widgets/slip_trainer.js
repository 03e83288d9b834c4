// A small VAE trained in the browser, with the slips of a first own implementation to switch on.

// 784-32-(2+2) and 2-32-784 units, ReLU between, Adam. levels: 784 bytes an image, 0 to 15, ink. A worker gets this text.
// A kernel has a row for each input, then one of biases; the second layer gives mean and log_var.
function makeTrainer(levels, { by_variance, one_epsilon, mean_for_sum, beta, seed }) {
	const SIZES = [784, 32, 4, 2, 32, 784],
		BATCH = 100,
		count = levels.length / 784,
		order = Array.from({ length: count }, (_, i) => i),
		curve = [];
	const vectors = () => SIZES.map((n) => new Float64Array(n + 1).fill(1, n)), // the last 1 multiplies the biases
		values = vectors(),
		slopes = vectors(), // the loss's derivatives by the values
		[x, , heads, z, , logits] = values,
		[, , dHeads, dz, , dLogits] = slopes;
	let steps = 0;

	// Numbers from 0 to 1 (mulberry32)
	const generator = (state) => () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	const [random, beside] = [seed, seed + 1e6].map(generator); // beside: for measuring, so that all slips meet the same luck

	// Glorot's uniform weights, as Keras', where mean and log_var are two layers
	const layers = [0, 1, 3, 4].map((i) => {
		const [inputs, units] = SIZES.slice(i),
			limit = Math.sqrt(6 / (inputs + (i === 1 ? 2 : units)));
		const arrays = [0, 0, 0, 0].map(() => new Float64Array((inputs + 1) * units));
		for (let k = 0; k < inputs * units; k++) arrays[0][k] = limit * (2 * random() - 1);
		return [i, units, ...arrays]; // kernel, gradient, Adam's two averages
	});
	const always = [normal(random), normal(random)];

	function forward([i, units, kernel], relu) {
		const [input, output] = values.slice(i);
		output.fill(0, 0, units);
		for (let n = 0, k = 0; n < input.length; n++, k += units) {
			const value = input[n];
			if (value !== 0) for (let j = 0; j < units; j++) output[j] += value * kernel[k + j];
		}
		if (relu) for (let j = 0; j < units; j++) output[j] = Math.max(0, output[j]);
	}
	// Adds to the layer's gradient. A 0 is from a ReLU or a white pixel, and passes nothing on.
	function backward([i, units, kernel, gradient]) {
		const input = values[i],
			[dInput, dOutput] = slopes.slice(i);
		for (let n = 0, k = 0; n < input.length; n++, k += units) {
			const value = input[n];
			let sum = 0;
			for (let j = 0; j < units && value !== 0; j++) {
				sum += dOutput[j] * kernel[k + j];
				gradient[k + j] += value * dOutput[j];
			}
			dInput[n] = sum;
		}
	}
	function encode(row) {
		for (let p = 0; p < 784; p++) x[p] = levels[784 * row + p] / 15;
		forward(layers[0], true);
		forward(layers[1]);
	}
	function decode(code) {
		z.set(code);
		forward(layers[2], true);
		forward(layers[3]);
	}
	// The cross-entropy of x for a draw, summed over the pixels, in nats; `scale` times its derivatives go to dLogits
	function errorOf(power, epsilon, scale) {
		decode(epsilon.map((noise, d) => heads[d] + Math.exp(power * heads[2 + d]) * noise));
		let sum = 0,
			product = 1; // at most 2 ** 784
		for (let p = 0; p < 784; p++) {
			const logit = logits[p],
				e = Math.exp(-Math.abs(logit));
			product *= 1 + e;
			sum += Math.max(logit, 0) - x[p] * logit;
			dLogits[p] = scale * ((logit > 0 ? 1 : e) / (1 + e) - x[p]);
		}
		return sum + Math.log(product);
	}

	// The gradient of the loss of some rows, with a pair of noise each. Returns means in nats: the error as drawn, the KL,
	// the error under a correct draw.
	function learn(rows, noise) {
		const found = [0, 0, 0],
			power = by_variance ? 1 : 0.5,
			share = 1 / rows.length;
		for (const layer of layers) layer[3].fill(0);
		rows.forEach((row, i) => {
			encode(row);
			const fresh = (by_variance || one_epsilon) && errorOf(0.5, [normal(beside), normal(beside)], 0),
				error = errorOf(power, noise[i], mean_for_sum ? share / 784 : share);
			found[0] += error * share;
			found[2] += (fresh || error) * share;
			backward(layers[3]);
			backward(layers[2]);
			for (const d of [0, 1]) {
				const [mean, logVar] = [heads[d], heads[2 + d]];
				dHeads[d] = dz[d] + beta * share * mean;
				dHeads[2 + d] = dz[d] * power * (z[d] - mean) + 0.5 * beta * share * Math.expm1(logVar);
				found[1] += 0.5 * share * (mean ** 2 + Math.expm1(logVar) - logVar);
			}
			backward(layers[1]);
			backward(layers[0]);
		});
		return found;
	}

	function step() {
		const at = (BATCH * steps++) % count;
		if (at === 0) curve.push([0, 0, 0]);
		for (let i = count - 1; i > 0 && at === 0; i--) {
			const j = Math.floor((i + 1) * random());
			[order[i], order[j]] = [order[j], order[i]];
		}
		const rows = order.slice(at, at + BATCH),
			noise = rows.map(() => [normal(random), normal(random)]);
		const found = learn(rows, one_epsilon ? rows.map(() => always) : noise);
		found.forEach((term, i) => (curve.at(-1)[i] += (term * BATCH) / count));
		const rate = (0.005 * Math.sqrt(1 - 0.999 ** steps)) / (1 - 0.9 ** steps);
		for (const [, , kernel, gradient, first, second] of layers) {
			for (let k = 0; k < kernel.length; k++) {
				first[k] += 0.1 * (gradient[k] - first[k]);
				second[k] += 0.001 * (gradient[k] ** 2 - second[k]);
				kernel[k] -= (rate * first[k]) / (Math.sqrt(second[k]) + 1e-7);
			}
		}
	}

	// What is drawn: the terms of each whole epoch, means of the first digits, pictures from a lattice of codes
	const epoch = () => (BATCH * steps) / count;
	function report() {
		const codes = Array.from({ length: 300 }, (_, row) => (encode(row), [heads[0], heads[1]]));
		const pictures = Array.from({ length: 64 }, (_, i) => {
			decode([0.6 * ((i % 8) - 3.5), 0.6 * (3.5 - (i >> 3))]);
			return logits.slice(0, 784).map((logit) => 1 / (1 + Math.exp(-logit)));
		});
		return { epoch: epoch(), curve: curve.slice(0, Math.floor(epoch())), codes, pictures };
	}
	return { layers, learn, step, epoch, report };
}

const EPOCHS = 30;
const IN_WORKER = `
let trainer, timer;
function go() {
  for (let i = 0; i < 4; i++) trainer.step();
  tell();
  if (trainer.epoch() < ${EPOCHS}) timer = setTimeout(go);
}
const tell = () => postMessage(trainer.report());
onmessage = ({ data }) => {
  clearTimeout(timer);
  if (data.levels) (trainer = makeTrainer(data.levels, data.settings)), tell();
  if (data.going) timer = setTimeout(go);
};`;

function render({ model, el }) {
	const { strings, root, number, say, tone, traitsOf } = beginFigure({ model, el }),
		betas = model.get("betas"),
		switches = element(root, "div.st-switches");
	const SLIPS = ["by_variance", "one_epsilon", "mean_for_sum"],
		traits = [...SLIPS, "beta", "seed"];
	const toggles = SLIPS.map((name) => addToggle(switches, strings[name], (on, event) => change({ [name]: on }, event)));
	const range = { min: 0, max: betas.length - 1, step: 1 },
		label = element(switches, "label.st-beta");
	const showBeta = addSlider(label, strings.beta, range, (i, event) => change({ beta: betas[i] }, event));
	const row = element(root, "div.st-row"),
		button = addButton(row, "", press),
		[status, terms, pale] = addReadout(row, 3);
	const main = element(root, "div.st-main");
	const [plane, grid, loss, kl] = ["codes", "grid", "loss", "kl"].map((name, i) => {
		const box = element(main, "div"),
			words = { role: "img", "aria-label": strings[name] },
			drawing = element(box, i > 1 ? "svg.vx-drawing" : "canvas.st-image", words);
		element(box, "p.st-caption", strings[name]);
		return drawing;
	});
	set(grid, { width: 224, height: 224 });

	const address = codeAddress(`const normal = ${normal}`, makeTrainer, IN_WORKER);
	let stored, // {levels, labels}, once they are here
		wanted = false, // by the reader
		near = false, // on the screen
		settings, // of the run, as text
		report,
		before, // report and settings of the last finished run, without a slip if there was one
		worker;
	const finished = () => report?.epoch >= EPOCHS;

	function fail() {
		root.dataset.data = "failed";
		draw();
	}
	function begin(wish) {
		if (finished()) {
			const run = { ...report, ...JSON.parse(settings) },
				clean = (one) => nameOf(one) === strings.clean;
			if (!before || clean(run) || !clean(before)) before = run;
		}
		settings = wish;
		report = undefined;
		worker?.terminate();
		if (!stored) return;
		const own = new Worker(address);
		worker = own;
		own.onerror = fail;
		own.onmessage = ({ data }) => {
			if (own !== worker) return;
			report = data;
			wanted &&= !finished();
			if (finished()) change({});
			else if (!LESS_MOTION.matches || report.epoch % 1 === 0) draw();
		};
		own.postMessage({ levels: stored.levels, settings: JSON.parse(wish) });
		follow();
	}
	const follow = () => worker?.postMessage({ going: wanted && near && !document.hidden });
	function press(event) {
		const seed = model.get("seed") + Number(finished());
		wanted = !wanted;
		follow();
		change({ seed }, event);
	}
	const watch = new IntersectionObserver((entries) => {
		near = entries.at(-1).isIntersecting;
		follow();
	});
	watch.observe(root);
	document.addEventListener("visibilitychange", follow);

	function nameOf({ beta, ...on }) {
		const names = SLIPS.filter((slip) => on[slip]).map((slip) => strings[slip]);
		if (beta !== 1) names.push(`β = ${number(beta, 1)}`);
		return names.join(", ") || strings.clean;
	}

	function drawImages() {
		const side = plane.parentElement.clientWidth,
			ink = fit(plane, side);
		const sizes = report.codes.map((code) => Math.max(...code.map(Math.abs))).sort((a, b) => a - b),
			reach = Math.max(3, 1.2 * sizes[290]), // some codes may lie far out
			to = (value) => (0.5 + (0.5 * value) / reach) * side;
		Object.assign(ink, { font: "bold 12px sans-serif", textAlign: "center", textBaseline: "middle" });
		ink.strokeStyle = tone("muted");
		ink.arc(to(0), to(0), to(2) - to(0), 0, 7);
		ink.stroke();
		report.codes.forEach(([a, b], i) => {
			ink.fillStyle = model.get("colours")[stored.labels[i]];
			ink.fillText(stored.labels[i], to(a), to(-b));
		});
		report.pictures.forEach((picture, i) => paint(grid, picture, null, [28 * (i % 8), 28 * (i >> 3), 28, 28]));
	}

	// lines: a value for each epoch under the name of a class. The scale is for what comes after the third epoch.
	function drawCurves(svg, lines, ...ends) {
		const width = svg.clientWidth || 180,
			late = Object.values(lines).flatMap((values) => values.slice(3)),
			[low, high] = [Math.min(...ends, ...late), Math.max(...ends, ...late)];
		const edges = { width, height: 122, left: 34, right: width - 10, top: 10, base: 102 },
			toX = (epoch) => 34 + (epoch / EPOCHS) * (width - 44),
			toY = startChart(svg, edges, [low, high], 6, number);
		ticksBelow(svg, 102, [0, 10, 20, 30], toX, (epoch) => number(epoch, 0));
		for (const [name, values] of Object.entries(lines)) {
			const points = values.map((value, i) => `${toX(i + 1)},${toY(clamp(value, [low, high]))}`);
			element(svg, `polyline.st-${name}`, { points: points.join(" ") });
		}
	}

	function draw() {
		const current = traitsOf(...traits),
			{ beta, mean_for_sum, seed } = current;
		if (JSON.stringify(current) !== settings) begin(JSON.stringify(current));
		toggles.forEach((show, i) => show(current[SLIPS[i]]));
		showBeta(betas.indexOf(beta), number(beta, 1));
		const { epoch = 0, curve = [] } = report ?? {};
		root.dataset.epoch = epoch;
		button.textContent = strings[wanted ? "pause" : finished() ? "another" : epoch ? "go_on" : "train"];
		const state =
			root.dataset.data === "failed" ? "failed" : wanted && !stored ? "loading" : epoch ? "epoch" : "untrained";
		status.textContent = say(state, { epoch: Math.floor(epoch), count: EPOCHS, seed });
		const right = ([, charged, fresh]) => fresh + charged,
			lastRight = (curve) => number(right(curve.at(-1)), 1);
		terms.textContent = pale.textContent = "";
		if (curve.length) {
			const [error, charged] = curve.at(-1),
				parts = [mean_for_sum ? error / 784 : error, beta * charged],
				[a, b, sum] = [...parts, parts[0] + parts[1]].map((value) => number(value, mean_for_sum ? 3 : 1));
			terms.textContent = say("terms", { error: a, kl: b, loss: sum, right: lastRight(curve) });
		}
		if (before) {
			pale.textContent = say("pale", { name: nameOf(before), seed: before.seed, right: lastRight(before.curve) });
		}
		if (report) drawImages();
		const past = before?.curve ?? [],
			said = mean_for_sum ? [] : curve.map(([error, charged]) => error + beta * charged),
			[pastKl, nowKl] = [past, curve].map((one) => one.map((terms) => terms[1]));
		const lines = { before: past.map(right), error: curve.map(([error]) => error), said, right: curve.map(right) };
		drawCurves(loss, lines, 160, 220);
		drawCurves(kl, { before: pastKl, said: nowKl }, 0, 10);
	}

	async function receive({ digits: [{ count, labels }, bytes] }) {
		const levels = unpackLevels(await inflate(bytes, "deflate-raw"));
		if (levels.length !== 784 * count) throw new Error("not the digits");
		stored = { labels, levels };
		if (root.isConnected) begin(settings);
	}
	const stopLoading = loadData(root, model, receive, draw);
	function again() {
		wanted = false;
		report = before = settings = undefined;
	}
	const settable = { beta: (n) => betas.find((beta) => beta === n), seed: (n) => clamp(Math.round(n), [0, 1e6]) };
	for (const slip of SLIPS) settable[slip] = undefined;
	const { change, remove } = enliven({ model, root, draw, again, settable });
	return () => {
		stopLoading();
		watch.disconnect();
		document.removeEventListener("visibilitychange", follow);
		worker?.terminate();
		URL.revokeObjectURL(address);
		remove();
	};
}

export { makeTrainer };
export default { render };
