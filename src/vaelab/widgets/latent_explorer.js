// The latent plane: scatter, cloud, a movable point, and the decoder's image there.

function render({ model, el }) {
	const { strings, root, number, say, tone, traitsOf } = beginFigure({ model, el }),
		{ view, network, paths, regions } = traitsOf("view", "network", "paths", "regions");
	const layers = readLayers(network, model.get("weights"));
	const codes = pairsOf(new Float32Array(copy(model.get("codes")))),
		labels = new Uint8Array(copy(model.get("labels"))),
		gaussians = new Float32Array(copy(model.get("gaussians")));
	const count = codes.length,
		[height, width] = network.shape;
	const { low, high, radius, decimals } = view,
		span = high[0] - low[0];
	const square = { low, high, left: 44, right: 10, top: 10, bottom: 38 };

	const plane = addPlane(root, say("plane", { n: number(count, 0) }), network.shape, square);
	const { main, hint, scatter, axes, picture, caption, size, to } = plane;
	caption.textContent = strings.caption;
	const badge = element(picture.parentElement, "span.vx-badge", HIDDEN, strings.badge);
	const [where, state] = addReadout(main);

	let active = 0,
		places = [], // where the point has been
		pathMarks = [],
		point,
		nearest,
		distance;
	let line, trail, partner, ellipse;

	function findNearest() {
		distance = Infinity;
		codes.forEach(([x, y], i) => {
			const away = Math.hypot(x - point[0], y - point[1]);
			if (away < distance) [nearest, distance] = [i, away];
		});
	}

	function draw() {
		point = model.get("point");
		findNearest();
		const outside = distance > radius;
		const [label, tail] = labels.length ? [labels[nearest], "_label"] : ["", ""];
		const pixels = decode(layers, point).map((value) => clamp(value, [0, 1]));
		paint(picture, pixels);

		const [x1, y1, x2, y2] = [...to(codes[nearest]), ...to(point)];
		set(line, { x1, y1, x2, y2 });
		set(partner, { cx: x1, cy: y1 });
		if (gaussians.length) {
			const q = gaussians.subarray(4 * nearest),
				[cx, cy] = to(q);
			set(ellipse, { cx, cy, rx: size(2 * q[2]), ry: size(2 * q[3]) });
		}
		plane.moveRing(point);
		showTrail();
		showWay();
		root.dataset.state = outside ? "outside" : "inside";
		badge.hidden = !outside;

		const words = { label, distance: number(distance, decimals) };
		const ink = (100 * sumOf(pixels)) / pixels.length;
		where.textContent = say("where", { x: number(point[0], decimals), y: number(point[1], decimals) });
		state.textContent = say((outside ? "outside" : "inside") + tail, words);
		const place = say(outside ? "image_outside" : "image_inside" + tail, words);
		picture.ariaLabel = say("image", { width, height, ink: number(ink, 0), place });
	}

	// Where the point has been of late; a jump leaves a gap
	function showTrail() {
		if (point !== places.at(-1)) places = [...places.slice(-60), point];
		const far = (i) => i === 0 || Math.hypot(...[0, 1].map((k) => places[i][k] - places[i - 1][k])) > span / 10;
		const parts = places.map((place, i) => (far(i) ? "M" : "L") + to(place).map((value) => value.toFixed(1)));
		set(trail, { d: parts.join("") });
	}

	function drawPlane() {
		plane.layOut(number);
		drawScatter();
		const [lines, marks, cursor] = ["lines", "marks", "cursor"].map((name) => element(axes, `g.vx-${name}`));
		// Labels keep off each other, off all lines, and off the ring where it starts. Digits come first: they stay close.
		const shapes = regions.map(({ low, high, center, radius }) => {
			if (!low) return addDot(lines, "", ...to(center), size(radius));
			const [x, y] = to([low[0], high[1]]);
			return element(lines, "rect", { x, y, width: size(high[0] - low[0]), height: size(high[1] - low[1]) });
		});
		const ends = [];
		pathMarks = paths.map((path) => {
			const ways = [path.from, path.to].map(to),
				[x1, y1, x2, y2] = ways.flat(),
				group = element(lines, "g.vx-path");
			shapes.push(element(group, "line", { x1, y1, x2, y2 }));
			ways.forEach((place, i) => {
				addDot(group, "", ...place, 3.5);
				ends.push([
					element(group, "text", say("percent", { percent: 100 * i })),
					around(...place, [9, 14, 19, 27, 36]),
				]);
			});
			return group;
		});
		showPath();
		const [startX, startY] = to(view.start),
			{ left, top, side } = square,
			frame = [left + 2, top + 2, left + side - 2, top + side - 2];
		const taken = [[startX - 17, startY - 17, startX + 17, startY + 17], ...shapes.flatMap(along)];
		const digit = Math.min(17, side / 21);
		for (const [label, x, y] of view.marks) {
			const text = element(marks, "text.vx-digit", { "font-size": digit }, String(label)),
				[a, b] = to([x, y]);
			placeFreely(text, [[a, b + digit / 3], ...around(a, b, [4, 9, 15, 22, 30])], taken, frame, true);
		}
		for (const [text, places] of ends) placeFreely(text, places, taken, frame);
		regions.forEach((region, i) => {
			const { x, y, width, height } = shapes[i].getBBox(),
				text = element(marks, "text.vx-name", region.name);
			const [a, b, r] = [x + width / 2, y + height / 2, Math.max(width, height) / 2];
			const outside = [5, 14, 26, 40, 56, 72].map((far) => r + far),
				inside = [18, 26, 34, 44].flatMap((deep) => [y + deep, y + height - deep + 8]).map((at) => [a, at]);
			placeFreely(text, [...around(a, b, outside), ...inside], taken, frame);
		});
		trail = element(cursor, "path.vx-trail");
		ellipse = element(cursor, "ellipse.vx-q");
		line = element(cursor, "line.vx-nearest");
		partner = addDot(cursor, "vx-partner", 0, 0, 3.5);
		plane.addRing(cursor, true);
		draw();
	}

	// The cloud (discs of the radius around every code, with a rim) and the codes on it
	function drawScatter() {
		const ink = fit(scatter, square.side, square.left, square.top),
			dot = clamp((0.3 * square.side) / Math.sqrt(count), [0.8, 4]);
		for (const [name, rim] of [
			["rim", 1],
			["cloud", 0],
		]) {
			ink.fillStyle = tone(name);
			for (const z of codes) plane.dot(ink, z, size(radius) + rim);
		}
		ink.globalAlpha = 0.8;
		ink.fillStyle = tone("muted");
		codes.forEach((z, i) => {
			if (labels.length) ink.fillStyle = view.colours[labels[i]];
			plane.dot(ink, z, dot);
		});
	}

	const controls = element(root, "div.vx-controls");
	let showShare, select, pathName;
	function showPath() {
		if (pathName) pathName.textContent = paths[active].name;
		pathMarks.forEach((group, i) => group.classList.toggle("vx-active", i === active));
	}
	// The slider stands where the point's shadow falls on the path, and says so if the point is elsewhere.
	function showWay() {
		if (!showShare) return;
		const { from, to } = paths[active],
			along = [to[0] - from[0], to[1] - from[1]],
			[dx, dy] = [point[0] - from[0], point[1] - from[1]];
		const t = clamp((dx * along[0] + dy * along[1]) / (along[0] ** 2 + along[1] ** 2 || 1), [0, 1]);
		const off = Math.hypot(dx - t * along[0], dy - t * along[1]) > span / 100;
		const percent = Math.round(100 * t);
		showShare(percent, off ? strings.off_path : say("percent", { percent }));
	}
	function walk(percent, event) {
		const { from, to } = paths[active];
		const point = from.map((value, i) => value + (percent / 100) * (to[i] - value));
		moveTo(point, event);
	}
	if (paths.length > 1) {
		const label = element(controls, "label", strings.path + " ");
		select = element(label, "select");
		paths.forEach((path, i) => element(select, "option", { value: i }, path.name));
		select.addEventListener("change", (event) => {
			active = Number(select.value);
			showPath();
			walk(0, event);
		});
	}
	if (paths.length) {
		const label = element(controls, "label.vx-walk");
		showShare = addSlider(label, paths[0].name, { min: 0, max: 100, step: 1 }, walk);
		pathName = label.firstChild;
		if (select) pathName.className = "vx-hidden";
	}
	const small = element(root, "p.vx-small");
	element(small, "span", { id: hint }, `${strings.hint} `);
	element(small, "span", say("small", { radius: number(radius, decimals + 1) }));
	const moveTo = plane.steer(model, view.start, (point, event) => change({ point }, event));

	const again = () => ((places = []), (active = 0), select && (select.value = 0), showPath()),
		settable = { point: (n, i) => clamp(n, [low[i], high[i]]) };
	const { change, remove } = enliven({ model, root, draw, redraw: drawPlane, again, settable, small: "" });
	return remove;
}

export { decode, readLayers };
export default { render };
