// The latent plane: scatter, cloud, a movable point, and the decoder's image there.

const LEFT = 44,
	RIGHT = 10,
	TOP = 10,
	BOTTOM = 38;

function render({ model, el }) {
	const strings = model.get("strings"),
		view = model.get("view"),
		network = model.get("network");
	const paths = model.get("paths"),
		regions = model.get("regions");
	const layers = readLayers(network, model.get("weights"));
	const codes = new Float32Array(copy(model.get("codes"))),
		labels = new Uint8Array(copy(model.get("labels"))),
		gaussians = new Float32Array(copy(model.get("gaussians")));
	const count = codes.length / 2,
		[height, width] = network.shape;
	const { low, high, radius, decimals } = view,
		span = high[0] - low[0];
	const number = numbersOf(strings.language);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const name = fill(strings.plane, { n: number(count, 0) });
	const { main, hint, plot, scatter, axes, grip, frame, picture, caption } = addPlane(root, name, network.shape);
	caption.textContent = strings.caption;
	const badge = element(frame, "span", { class: "vx-badge", "aria-hidden": "true" }, strings.badge);
	const [where, state] = addReadout(main);

	const context = picture.getContext("2d"),
		image = context.createImageData(width, height);
	image.data.fill(255);

	// State of this view
	let point,
		nearest = 0,
		distance = 0,
		side = 0,
		active = 0,
		places = []; // where the point has been
	let line,
		ring,
		trail,
		partner,
		ellipse,
		pathMarks = [];
	const toX = (x) => LEFT + ((x - low[0]) / span) * side,
		toY = (y) => TOP + side - ((y - low[1]) / span) * side;

	function findNearest() {
		let best = Infinity;
		const [x, y] = point;
		for (let i = 0, k = 0; i < count; i++, k += 2) {
			const dx = codes[k] - x,
				dy = codes[k + 1] - y,
				d = dx * dx + dy * dy;
			if (d < best) (best = d), (nearest = i);
		}
		distance = Math.sqrt(best);
	}

	// Everything that depends on the point
	function draw() {
		point = model.get("point");
		findNearest();
		const outside = distance > radius;
		const [label, tail] = labels.length ? [labels[nearest], "_label"] : ["", ""];
		const pixels = decode(layers, point);
		let ink = 0;
		for (let i = 0, k = 0; i < pixels.length; i++, k += 4) {
			const value = Math.min(1, Math.max(0, pixels[i]));
			ink += value;
			image.data[k] = image.data[k + 1] = image.data[k + 2] = 255 * (1 - value);
		}
		context.putImageData(image, 0, 0);

		const [x, y] = [toX(point[0]), toY(point[1])],
			a = toX(codes[2 * nearest]),
			b = toY(codes[2 * nearest + 1]);
		set(line, { x1: a, y1: b, x2: x, y2: y });
		set(partner, { cx: a, cy: b });
		if (gaussians.length) {
			const [mx, my, sx, sy] = gaussians.subarray(4 * nearest);
			set(ellipse, { cx: toX(mx), cy: toY(my), rx: (2 * sx * side) / span, ry: (2 * sy * side) / span });
		}
		set(ring, { transform: `translate(${x} ${y})` });
		grip.style.transform = `translate(${x}px, ${y}px)`;
		showTrail();
		showWay();
		root.dataset.state = outside ? "outside" : "inside";
		badge.hidden = !outside;

		const words = { label, distance: number(distance, decimals) };
		where.textContent = fill(strings.where, { x: number(point[0], decimals), y: number(point[1], decimals) });
		state.textContent = fill(strings[(outside ? "outside" : "inside") + tail], words);
		const place = fill(strings[outside ? "image_outside" : "image_inside" + tail], words);
		picture.setAttribute(
			"aria-label",
			fill(strings.image, { width, height, ink: number((100 * ink) / pixels.length, 0), place }),
		);
	}

	// Where the point has been of late; a jump leaves a gap
	function showTrail() {
		if (point !== places.at(-1)) places = [...places.slice(-60), point];
		const far = (i) => i === 0 || Math.hypot(...[0, 1].map((k) => places[i][k] - places[i - 1][k])) > span / 10;
		const parts = places.map(([x, y], i) => `${far(i) ? "M" : "L"}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`);
		trail.setAttribute("d", parts.join(""));
	}

	function moveTo(x, y, event) {
		change({ point: [clamp(x, [low[0], high[0]]), clamp(y, [low[1], high[1]])] }, event);
	}

	// Everything that depends on the size and on the theme
	function drawPlane() {
		const size = plot.clientWidth || 420;
		side = Math.max(40, size - LEFT - RIGHT);
		plot.style.height = `${TOP + side + BOTTOM}px`;
		drawScatter();

		axes.replaceChildren();
		set(axes, { width: size, height: TOP + side + BOTTOM });
		const parts = (name) => element(axes, "g", { class: name });
		const grid = parts("vx-axes"),
			lines = parts("vx-lines"),
			marks = parts("vx-marks"),
			cursor = parts("vx-cursor");
		element(grid, "rect", { x: LEFT, y: TOP, width: side, height: side });
		const bottom = TOP + side;
		const [across, up] = [0, 1].map((axis) => ticks(low[axis], high[axis], Math.max(3, side / 50)));
		ticksBelow(grid, bottom, across.found, toX, (value) => number(value, across.decimals));
		ticksBeside(grid, LEFT, up.found, toY, (value) => number(value, up.decimals));
		element(grid, "text", { x: LEFT + side / 2, y: bottom + 34, "text-anchor": "middle", class: "vx-name" }, "z₁");
		const name = { x: 10, y: betweenTicks(up.found.map(toY)), "text-anchor": "middle", class: "vx-name" };
		element(grid, "text", name, "z₂");

		// Labels keep off each other, off all lines, and off the ring where it starts. Digits come first: they stay close.
		const shapes = regions.map(({ low, high, center, radius }) => {
			if (!low) return element(lines, "circle", { cx: toX(center[0]), cy: toY(center[1]), r: (radius / span) * side });
			const corner = { x: toX(low[0]), y: toY(high[1]) };
			return element(lines, "rect", { ...corner, width: toX(high[0]) - corner.x, height: toY(low[1]) - corner.y });
		});
		const ends = [];
		pathMarks = paths.map((path) => {
			const [x1, y1, x2, y2] = [toX(path.from[0]), toY(path.from[1]), toX(path.to[0]), toY(path.to[1])];
			const group = element(lines, "g", { class: "vx-path" });
			shapes.push(element(group, "line", { x1, y1, x2, y2 }));
			const length = Math.hypot(x2 - x1, y2 - y1) || 1;
			for (const [x, y, share, way] of [
				[x1, y1, 0, -1],
				[x2, y2, 100, 1],
			]) {
				element(group, "circle", { cx: x, cy: y, r: 3.5 });
				const text = element(group, "text", {}, fill(strings.percent, { percent: share }));
				const first = [x + (way * 28 * (x2 - x1)) / length, y + (way * 24 * (y2 - y1)) / length + 4];
				ends.push([text, [first, ...around(x, y, [19, 27, 36])]]);
			}
			return group;
		});
		showPath();
		const [startX, startY] = [toX(view.start[0]), toY(view.start[1])],
			frame = [LEFT + 2, TOP + 2, LEFT + side - 2, bottom - 2];
		const taken = [[startX - 17, startY - 17, startX + 17, startY + 17], ...shapes.flatMap(along)];
		const digit = Math.min(17, side / 21);
		for (const [label, x, y] of view.marks) {
			const text = element(marks, "text", { class: "vx-digit", "font-size": digit }, String(label)),
				[a, b] = [toX(x), toY(y)];
			placeFreely(text, [[a, b + digit / 3], ...around(a, b, [4, 9, 15, 22, 30])], taken, frame, true);
		}
		for (const [text, places] of ends) placeFreely(text, places, taken, frame);
		regions.forEach((region, i) => {
			const { x, y, width, height } = shapes[i].getBBox(),
				text = element(marks, "text", { class: "vx-name" }, region.name);
			const [a, b, r] = [x + width / 2, y + height / 2, Math.max(width, height) / 2];
			const inside = [18, 26, 34, 44].flatMap((deep) => [
				[a, y + deep],
				[a, y + height - deep + 8],
			]);
			placeFreely(text, [...around(a, b, [r + 5, r + 14, r + 26, r + 40, r + 56, r + 72]), ...inside], taken, frame);
		});
		trail = element(cursor, "path", { class: "vx-trail" });
		ellipse = element(cursor, "ellipse", { class: "vx-q" });
		line = element(cursor, "line", { class: "vx-nearest" });
		partner = element(cursor, "circle", { class: "vx-partner", r: 3.5 });
		ring = element(cursor, "g", { class: "vx-ring" });
		for (const halo of ["vx-halo", ""]) {
			element(ring, "circle", { class: "vx-in " + halo, r: 8 });
			element(ring, "path", { class: "vx-out " + halo, d: "M0 -11 11 0 0 11 -11 0Z" });
			element(ring, "path", { class: halo, d: "M-16 0H-11M11 0H16M0 -16V-11M0 11V16" });
		}
		draw();
	}

	// The cloud (discs of the radius around every code, with a rim) and the codes on it
	function drawScatter() {
		const colours = getComputedStyle(root),
			ink = fit(scatter, LEFT, TOP, side);
		const disc = (i, r) => {
			ink.beginPath();
			ink.arc(toX(codes[2 * i]) - LEFT, toY(codes[2 * i + 1]) - TOP, r, 0, 2 * Math.PI);
			ink.fill();
		};
		const reach = (radius / span) * side,
			dot = Math.min(4, Math.max(0.8, (0.3 * side) / Math.sqrt(count)));
		for (const [name, r] of [
			["--vx-rim", reach + 1],
			["--vx-cloud", reach],
		]) {
			ink.fillStyle = colours.getPropertyValue(name);
			for (let i = 0; i < count; i++) disc(i, r);
		}
		ink.globalAlpha = 0.8;
		ink.fillStyle = colours.getPropertyValue("--vx-muted");
		for (let i = 0; i < count; i++) {
			if (labels.length) ink.fillStyle = view.colours[labels[i]];
			disc(i, dot);
		}
	}

	// Controls
	const controls = element(root, "div", { class: "vx-controls" });
	let slider, percent, select, pathName;
	function showPath() {
		if (slider) pathName.textContent = paths[active].name;
		pathMarks.forEach((group, i) => group.classList.toggle("vx-active", i === active));
	}
	// The slider stands where the point's shadow falls on the path, and says so if the point is elsewhere.
	function showWay() {
		if (!slider) return;
		const { from, to } = paths[active],
			along = [to[0] - from[0], to[1] - from[1]],
			[dx, dy] = [point[0] - from[0], point[1] - from[1]];
		const t = clamp((dx * along[0] + dy * along[1]) / (along[0] ** 2 + along[1] ** 2 || 1), [0, 1]);
		const off = Math.hypot(dx - t * along[0], dy - t * along[1]) > span / 100;
		slider.value = Math.round(100 * t);
		percent.textContent = off ? strings.off_path : fill(strings.percent, { percent: slider.value });
		slider.setAttribute("aria-valuetext", percent.textContent);
	}
	function walk(event) {
		const { from, to } = paths[active],
			t = slider.value / 100;
		moveTo(from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), event);
	}
	if (paths.length) {
		if (paths.length > 1) {
			const label = element(controls, "label", {}, strings.path + " ");
			select = element(label, "select", OWN_KEYS);
			paths.forEach((path, i) => element(select, "option", { value: i }, path.name));
		}
		const label = element(controls, "label", { class: "vx-walk" });
		pathName = element(label, "span", { class: select ? "vx-hidden" : "" }, paths[0].name);
		slider = element(label, "input", { type: "range", min: 0, max: 100, step: 1, value: 0, ...OWN_KEYS });
		percent = element(controls, "span", { class: "vx-percent", "aria-hidden": "true" });
		slider.addEventListener("input", walk);
		select?.addEventListener("change", (event) => {
			active = Number(select.value);
			slider.value = 0;
			showPath();
			walk(event);
		});
	}
	const small = element(root, "p", { class: "vx-small" });
	element(small, "span", { id: hint }, strings.hint);
	small.append(" ");
	element(small, "span", {}, fill(strings.small, { radius: number(radius, decimals + 1) }));

	// Input
	function follow(event) {
		const box = scatter.getBoundingClientRect(),
			share = span / box.width;
		moveTo(low[0] + (event.clientX - box.left) * share, high[1] - (event.clientY - box.top) * share, event);
	}
	onDrag(plot, follow);
	plot.addEventListener("keydown", (event) => {
		const step = arrowStep(event, span / 100);
		if (event.altKey || event.ctrlKey || event.metaKey || !(step || event.key === "Home")) return;
		event.preventDefault();
		event.stopPropagation(); // pages turn on the arrow keys in some themes
		if (step) moveTo(point[0] + step[0], point[1] + step[1], event);
		else moveTo(...view.start, event);
	});

	const parts = { model, traits: ["point"], root, box: plot, says: [where, state] };
	const again = () => ((places = []), (active = 0), select && (select.value = 0), showPath());
	const settable = { point: (n, i) => clamp(n, [low[i], high[i]]) };
	const { change, remove } = enliven({ ...parts, draw, redraw: drawPlane, again, settable });
	return remove;
}

export { decode, readLayers };
export default { render };
