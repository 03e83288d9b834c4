// Some forty moments of a training: a slider moves codes, decoded pictures, loss and KL together, and so does playing.

const SHEET = 148, // pixels across 5 x 5 pictures
	STRIDE = 800, // numbers a moment: mean, mean, sd, sd of 200 images
	PACE = 250, // ms from one moment to the next
	[LEFT, BASE] = [46, 114];

// {name: {codes, pictures}}; two pixels a byte, from 0, white, to 15, ink
async function readFilms(parts, films) {
	const read = {};
	for (const name in films) {
		const packed = new Blob([parts[`${name} pictures`][1]]).stream().pipeThrough(new DecompressionStream("deflate"));
		read[name] = {
			codes: Float64Array.from(new Int16Array(copy(parts[`${name} codes`][1])), (value) => value * films[name].scale),
			pictures: new Uint8Array(await new Response(packed).arrayBuffer()),
		};
	}
	return read;
}

function render({ model, el }) {
	const [strings, films, colours] = ["strings", "films", "colours"].map((trait) => model.get(trait));
	const number = numbersOf(strings.language),
		less = matchMedia("(prefers-reduced-motion: reduce)"),
		all = Object.values(films),
		losses = all.flatMap((one) => [...one.test, ...one.training]),
		[low, high, most] = [
			Math.min(...losses),
			Math.max(...losses),
			1.5 * Math.max(...all.flatMap((one) => one.kl.at(-1))),
		],
		last = all[0].steps.length - 1;

	const root = element(el, "div", { class: "vaelab-explorer tf", lang: strings.language }),
		main = element(root, "div", { class: "tf-main" });
	const [[plane, where], [sheet, what]] = [0, 1].map(() => {
		const box = element(main, "div"),
			canvas = element(box, "canvas", { "aria-hidden": true, width: SHEET, height: SHEET });
		return [canvas, element(box, "p", { class: "tf-caption" })];
	});
	const [curve, bars] = [0, 1].map(() =>
		element(main, "svg", { class: "vx-drawing", "aria-hidden": true, focusable: false }),
	);
	const controls = element(root, "div", { class: "tf-controls" });
	const showStep = addSlider(
		element(controls, "label"),
		strings.moment,
		{ min: 0, max: last, step: 1 },
		(moment, event) => {
			stop();
			change({ moment }, event);
		},
	);
	const button = element(controls, "button", { type: "button", class: "vx-button", ...OWN_KEYS });
	button.addEventListener("click", (event) => (playing ? pause() : play(event)));
	const showWarm = strings.warm && addToggle(controls, strings.warm, (warm_up, event) => change({ warm_up }, event));
	const says = addReadout(root);
	element(root, "p", { class: "vx-small" }, strings.small);

	let read,
		failed = false,
		playing = 0, // the frame asked for
		at = 0; // while it plays, between two moments
	const name = () => (strings.warm ? (model.get("warm_up") ? "with" : "without") : "");

	function drawPlane() {
		const side = main.clientWidth / 2 - 6,
			ink = fit(plane, 0, 0, side),
			{ reach, frames, labels, prior, sds = 1 } = films[name()],
			share = at % 1,
			{ codes } = read[name()],
			between = (values, place, step) => values[place] + (share && share * (values[place + step] - values[place])),
			frame = [0, 1, 2].map((j) => (frames ? between(frames.flat(), 3 * Math.floor(at) + j, 3) : [0, 0, reach][j])),
			scale = side / 2 / frame[2],
			tone = (key) => getComputedStyle(root).getPropertyValue(key);
		const round = (a, b, width, height) => {
			ink.beginPath();
			ink.ellipse(side / 2 + a, side / 2 - b, width, height, 0, 0, 7);
		};
		Object.assign(ink, { textAlign: "center", textBaseline: "middle", font: "600 11px system-ui, sans-serif" });
		for (let i = side < 240 ? 99 : 199; i >= 0; i--) {
			const [a, b, rx, ry] = [0, 1, 2, 3].map((j) => {
				const value = between(codes, Math.floor(at) * STRIDE + 4 * i + j, STRIDE);
				return scale * (j < 2 ? value - frame[j] : sds * value);
			});
			round(a, b, 6, 6);
			Object.assign(ink, { fillStyle: `${colours[labels[i]]}70`, strokeStyle: tone("--vx-accent") });
			ink.fill();
			ink.fillStyle = tone("--vx-ink");
			ink.fillText(labels[i], side / 2 + a, side / 2 - b);
			if (i > 19 || !rx) continue;
			round(a, b, rx, ry);
			ink.stroke();
		}
		if (!prior) return;
		ink.setLineDash([5, 4]);
		ink.strokeStyle = tone("--vx-ink");
		round(0, 0, sds * scale, sds * scale);
		ink.stroke();
	}

	function drawSheet() {
		const image = new ImageData(SHEET, SHEET);
		for (let i = 0, k = (model.get("moment") * SHEET ** 2) / 2; i < SHEET ** 2; i++) {
			const byte = read[name()].pictures[k + (i >> 1)];
			image.data.set([...Array(3).fill(255 - 17 * (i % 2 ? byte & 15 : byte >> 4)), 255], 4 * i);
		}
		sheet.getContext("2d").putImageData(image, 0, 0);
	}

	// A drawing with its title and vertical axis. Returns the width to draw on.
	function begin(svg, title, least, most, toY) {
		const width = svg.clientWidth,
			{ found, decimals } = ticks(least, most, 4);
		set(svg, { height: BASE + 20, viewBox: `0 0 ${width} ${BASE + 20}` });
		svg.replaceChildren();
		element(svg, "text", { class: "vx-title", x: 4, y: 14 }, title);
		ticksBeside(svg, LEFT, found, toY, (value) => number(value, decimals));
		element(svg, "line", { x1: LEFT, x2: width - 12, y1: BASE, y2: BASE });
		return width - LEFT - 30;
	}

	function draw() {
		const moment = model.get("moment"),
			film = films[name()],
			kl = film.kl[moment];
		if (Math.floor(at) !== moment) at = moment;
		const words = {
			step: number(film.steps[moment], 0),
			test: number(film.test[moment], high < 1 ? 4 : 1),
			training: number(film.training[moment], high < 1 ? 4 : 1),
			kl: number(
				kl.reduce((a, b) => a + b, 0),
				1,
			),
			busy: kl.filter((value) => value > 0.5).length,
			reach: number(film.reach, 0),
			across: film.dims[0] + 1,
			down: film.dims[1] + 1,
		};
		for (const [key, digits, values] of film.says ?? []) words[key] = number(values[moment], digits);
		says.forEach((node, i) => (node.textContent = fill(strings.readout[i], words)));
		showStep(moment, words.step);
		showWarm?.(model.get("warm_up"));
		button.textContent = playing ? strings.pause : strings.play;
		where.textContent = fill(strings.codes, words);
		what.textContent = failed ? strings.failed : strings.pictures;
		if (read) drawPlane(), drawSheet();

		// Lines over the steps, and a dot on the solid one.
		function trace(svg, title, [least, most], toY, lines) {
			const room = begin(svg, title, least, most, toY) / last,
				toX = (i) => LEFT + 4 + i * room;
			ticksBelow(svg, BASE, film.marks, toX, (i) => number(film.steps[i], 0));
			for (const key of ["training", "test"].filter((key) => lines[key])) {
				const d = `M${lines[key].map((value, i) => [toX(i), toY(value)]).join("L")}`;
				element(svg, "path", { class: `tf-${key}`, d });
			}
			element(svg, "circle", { class: "tf-dot", cx: toX(moment), cy: toY(lines.test[moment]), r: 6 });
		}
		const share = (value) => Math.log(value / low) / Math.log(high / low);
		trace(curve, strings.curve, [low, high], (value) => BASE - 4 - 84 * share(value), film);
		if (film.says) {
			const test = film.says[0][2],
				top = Math.max(...test);
			return trace(bars, strings.second, [0, top], (value) => BASE - (84 * value) / top, { test });
		}

		const height = (value) => 84 * Math.min(1, value / most),
			step =
				begin(bars, fill(strings.bars, { most: number(most, 1) }), 0, most, (value) => BASE - height(value)) /
				kl.length;
		kl.forEach((value, i) => {
			const [x, own] = [LEFT + 4 + i * step, film.dims.includes(i)],
				box = { x, y: BASE - height(value), width: 0.8 * step, height: height(value) };
			element(bars, "rect", { class: own ? "tf-own" : "tf-bar", ...box });
			if (own) element(bars, "text", { x: x + 0.4 * step, y: BASE + 15, "text-anchor": "middle" }, String(i + 1));
		});
	}

	function stop() {
		cancelAnimationFrame(playing);
		playing = 0;
		at = model.get("moment");
	}

	function pause() {
		stop();
		draw();
	}

	function play(event) {
		const from = model.get("moment") % last,
			begun = performance.now();
		function go(now) {
			const place = clamp(from + (now - begun) / PACE, [from, last]),
				moment = Math.floor(place);
			playing = moment < last ? requestAnimationFrame(go) : 0;
			at = less.matches ? moment : place; // with less motion, steps
			if (moment !== model.get("moment")) change({ moment }, { timeStamp: now });
			else if (read) drawPlane();
		}
		playing = requestAnimationFrame(go);
		change({ moment: from }, event);
	}

	const sight = new IntersectionObserver(([entry]) => playing && !entry.isIntersecting && pause());
	sight.observe(root);

	const fail = () => {
		failed = true;
		draw();
	};
	let stopLoading = whenNear(root, () => {
		stopLoading = loadDataFile(
			model,
			async (parts) => {
				read = await readFilms(parts, films).catch(fail);
				if (!read) return;
				root.dataset.loaded = true;
				draw();
			},
			fail,
		);
	});

	const settable = { moment: (n) => clamp(Math.round(n), [0, last]), ...(showWarm && { warm_up: null }) };
	const parts = { model, traits: ["moment", "warm_up"], root, box: main, says, settable };
	const { change, remove } = enliven({ ...parts, draw, again: stop });
	return () => {
		stop();
		sight.disconnect();
		stopLoading();
		remove();
	};
}

export { readDataFile, readFilms };
export default { render };
