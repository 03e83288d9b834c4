// A bar to move or words to choose from. The guess lives in this function alone: no trait, no storage, no address.
function render({ model, el }) {
	const strings = model.get("strings"),
		{ truth, choices, span, unit, digits } = model.get("view");
	const number = numbersOf(strings.language);
	const say = (value) => (choices ? value : `${number(value, digits)} ${unit}`.trim());
	let guess = null,
		shown = false;

	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const question = element(root, "p", { id: newId(), class: "gs-question" }, strings.question);
	const step = 10 ** -(digits ?? 0);
	let svg, show;
	const buttons = [];
	if (choices) {
		const row = element(root, "div", { class: "vx-row", role: "group", "aria-labelledby": question.id });
		for (const words of choices) {
			const button = element(row, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, words);
			button.addEventListener("click", (event) => pick(words, event));
			buttons.push(button);
		}
	} else {
		svg = element(root, "svg", { class: "vx-drawing vx-across gs-bars", "aria-hidden": "true", focusable: "false" });
		const label = element(element(root, "div", { class: "gs-slider" }), "label");
		show = addSlider(label, strings.bar, { min: span[0], max: span[1], step }, pick);
		onDrag(svg, (event) => {
			const { left, width } = svg.getBoundingClientRect(),
				share = (event.clientX - left) / width;
			pick(clamp(Math.round((span[0] + share * (span[1] - span[0])) / step) * step, span), event);
		});
	}
	const row = element(root, "div", { class: "vx-row" });
	const answer = element(row, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, strings.show);
	answer.addEventListener("click", (event) => {
		if (guess === null) return;
		shown = true;
		change({}, event);
	});
	const [first, second] = addReadout(root);

	function pick(value, event) {
		if (!shown) guess = value;
		change({}, event);
	}

	function draw() {
		answer.setAttribute("aria-disabled", String(guess === null || shown));
		first.textContent = guess === null ? strings.wait : fill(strings.guess, { guess: say(guess) });
		second.textContent = shown ? `${fill(strings.truth, { truth: say(truth) })} ${verdict()}` : "";
		buttons.forEach((button, i) => {
			button.setAttribute("aria-pressed", String(choices[i] === guess));
			button.classList.toggle("gs-true", shown && choices[i] === truth);
		});
		if (svg) drawBars();
	}

	function verdict() {
		if (choices) return guess === truth ? strings.right : strings.wrong;
		const far = Number((guess - truth).toFixed(digits));
		return far ? fill(far > 0 ? strings.above : strings.below, { difference: say(Math.abs(far)) }) : strings.right;
	}

	function drawBars() {
		const width = svg.clientWidth || 420,
			toX = (value) => ((value - span[0]) / (span[1] - span[0])) * width;
		svg.replaceChildren();
		set(svg, { height: 68, viewBox: `0 0 ${width} 68` });
		element(svg, "rect", { class: "gs-frame", x: 0.5, y: 4.5, width: width - 1, height: 36 });
		const now = guess ?? (span[0] + span[1]) / 2;
		element(svg, "rect", { class: guess === null ? "gs-none" : "gs-guess", y: 5, width: toX(now), height: 35 });
		if (shown)
			element(svg, "rect", { class: "gs-truth", y: 15, width: toX(truth), height: 15 }).style.fill = addStripes(svg);
		const middle = (span[0] + span[1]) / 2;
		ticksBelow(
			svg,
			41,
			[span[0], middle, span[1]],
			toX,
			(value) => number(value, Math.min(2, digits + 1) * (value % 1 !== 0)),
			[40, width - 40],
		);
		show(now, guess === null ? "" : number(guess, digits));
	}

	const again = () => ((guess = null), (shown = false));
	const { change, remove } = enliven({ model, traits: [], root, box: root, says: [first, second], draw, again });
	return remove;
}

export default { render };
