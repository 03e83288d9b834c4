// Some forty moments of a training: a slider moves codes, decoded pictures, loss and KL together, and so does playing.

const SHEET = 148, // pixels across 5 x 5 pictures
	STRIDE = 800, // numbers a moment: mean, mean, sd, sd of 200 images
	PACE = 250, // ms from one moment to the next
	[LEFT, BASE] = [46, 114];

// {name: {codes, pictures}}
async function readFilms(parts, films) {
	const read = {};
	for (const name in films) {
		const [codes, pictures] = ["codes", "pictures"].map((part) => parts[`${name} ${part}`][1]);
		read[name] = { codes: scaled(codes, films[name].scale), pictures: await inflate(pictures) };
	}
	return read;
}

function render({ model, el }) {
	const { strings, root, number, say, tone, traitsOf } = beginFigure({ model, el }, "tf"),
		{ films, colours } = traitsOf("films", "colours"),
		all = Object.values(films),
		losses = all.flatMap((one) => [...one.test, ...one.training]),
		[low, high] = [Math.min(...losses), Math.max(...losses)],
		most = 1.5 * Math.max(...all.flatMap((one) => one.kl.at(-1))),
		last = all[0].steps.length - 1;

	const main = element(root, "div.tf-main");
	const [[plane, where], [sheet, what]] = [0, 1].map(() => {
		const box = element(main, "div"),
			canvas = element(box, "canvas", { width: SHEET, height: SHEET, ...HIDDEN });
		return [canvas, element(box, "p.tf-caption")];
	});
	const [curve, bars] = [0, 1].map(() => element(main, "svg.vx-drawing", HIDDEN));
	const controls = element(root, "div.tf-controls");
	const range = { min: 0, max: last, step: 1 };
	const showStep = addSlider(element(controls, "label"), strings.moment, range, (moment, event) => {
		stop();
		change({ moment }, event);
	});
	const button = addButton(controls, "", (event) => (playing ? pause() : play(event)));
	const showWarm = strings.warm && addToggle(controls, strings.warm, (warm_up, event) => change({ warm_up }, event));
	const says = addReadout(root);

	let read,
		playing = 0, // the frame asked for
		at = 0; // while it plays, between two moments
	const name = () => (strings.warm ? (model.get("warm_up") ? "with" : "without") : "");

	function drawPlane() {
		const side = main.clientWidth / 2 - 6;
		if (side < 1) return;
		const ink = fit(plane, side),
			{ reach, frames, labels, prior, sds = 1 } = films[name()],
			{ codes } = read[name()],
			share = at % 1,
			between = (values, place, step) => values[place] + (share && share * (values[place + step] - values[place])),
			[left, up, far] = frames
				? [0, 1, 2].map((j) => between(frames.flat(), 3 * Math.floor(at) + j, 3))
				: [0, 0, reach],
			scale = side / 2 / far;
		const round = (a, b, width, height) => {
			ink.beginPath();
			ink.ellipse(side / 2 + a, side / 2 - b, width, height, 0, 0, 7);
		};
		const [accent, dark] = ["accent", "ink"].map(tone); // a look at the page's style takes its time
		Object.assign(ink, { textAlign: "center", textBaseline: "middle", font: "600 11px system-ui, sans-serif" });
		ink.strokeStyle = accent;
		for (let i = side < 240 ? 99 : 199; i >= 0; i--) {
			const own = [0, 1, 2, 3].map((j) => between(codes, Math.floor(at) * STRIDE + 4 * i + j, STRIDE)),
				[a, b, rx, ry] = [own[0] - left, own[1] - up, sds * own[2], sds * own[3]].map((value) => scale * value);
			round(a, b, 6, 6);
			ink.fillStyle = `${colours[labels[i]]}70`;
			ink.fill();
			ink.fillStyle = dark;
			ink.fillText(labels[i], side / 2 + a, side / 2 - b);
			if (i > 19 || !rx) continue;
			round(a, b, rx, ry);
			ink.stroke();
		}
		if (!prior) return;
		ink.setLineDash([5, 4]);
		ink.strokeStyle = dark;
		round(0, 0, sds * scale, sds * scale);
		ink.stroke();
	}

	function drawSheet() {
		const size = SHEET ** 2 / 2,
			at = model.get("moment") * size;
		paint(sheet, inkOf(unpackLevels(read[name()].pictures.subarray(at, at + size))));
	}

	// A drawing with its title and axes. Returns the width to draw on, and toY.
	function begin(svg, title, range, bend) {
		const width = svg.clientWidth,
			edges = { width, height: BASE + 20, title, left: LEFT, right: width - 12, top: BASE - 84, base: BASE };
		return [width - LEFT - 30, startChart(svg, edges, range, 4, number, bend)];
	}

	function draw() {
		const moment = model.get("moment"),
			film = films[name()],
			kl = film.kl[moment];
		if (Math.floor(at) !== moment) at = moment;
		const digits = high < 1 ? 4 : 1;
		const words = {
			step: number(film.steps[moment], 0),
			test: number(film.test[moment], digits),
			training: number(film.training[moment], digits),
			kl: number(sumOf(kl), 1),
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
		where.textContent = say("codes", words);
		what.textContent = root.dataset.data === "failed" ? strings.failed : strings.pictures;
		if (!main.clientWidth) return; // hidden
		if (read) drawPlane(), drawSheet();

		// Lines over the steps, and a dot on the solid one
		function trace(svg, title, range, lines, bend) {
			const [room, toY] = begin(svg, title, range, bend),
				toX = (i) => LEFT + 4 + (i / last) * room;
			ticksBelow(svg, BASE, film.marks, toX, (i) => number(film.steps[i], 0));
			for (const key of ["training", "test"].filter((key) => lines[key])) {
				const d = through(lines[key].map((value, i) => [toX(i), toY(value)]));
				element(svg, `path.tf-${key}`, { d });
			}
			addDot(svg, "tf-dot", toX(moment), toY(lines.test[moment]), 6);
		}
		trace(curve, strings.curve, [low, high], film, Math.log);
		if (film.says) {
			const test = film.says[0][2];
			return trace(bars, strings.second, [0, Math.max(...test)], { test });
		}

		const [wide, toTop] = begin(bars, say("bars", { most: number(most, 1) }), [0, most]),
			step = wide / kl.length;
		kl.forEach((value, i) => {
			const [x, y, own] = [LEFT + 4 + i * step, toTop(Math.min(value, most)), film.dims.includes(i)],
				box = { x, y, width: 0.8 * step, height: BASE - y };
			element(bars, own ? "rect.tf-own" : "rect.tf-bar", box);
			if (own) addText(bars, "", x + 0.4 * step, BASE + 15, String(i + 1));
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
			at = LESS_MOTION.matches ? moment : place; // with less motion, steps
			if (moment !== model.get("moment")) change({ moment }, { timeStamp: now });
			else if (read) drawPlane();
		}
		playing = requestAnimationFrame(go);
		change({ moment: from }, event);
	}

	const sight = new IntersectionObserver(([entry]) => playing && !entry.isIntersecting && pause());
	sight.observe(root);

	async function receive(parts) {
		read = await readFilms(parts, films);
		draw();
	}
	const stopLoading = loadData(root, model, receive, draw);

	const settable = { moment: (n) => clamp(Math.round(n), [0, last]), ...(showWarm && { warm_up: null }) };
	const { change, remove } = enliven({ model, root, draw, again: stop, settable });
	return () => {
		stop();
		sight.disconnect();
		stopLoading();
		remove();
	};
}

export { readDataFile, readFilms };
export default { render };
