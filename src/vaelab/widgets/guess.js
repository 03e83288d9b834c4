// A bar to move or words to choose from. The guess lives in this function alone: no trait, no storage, no address.
function render({ model, el }) {
	const { strings, root, number, say } = beginFigure({ model, el }),
		{ truth, choices, span, unit, digits } = model.get("view");
	const tell = (value) => (choices ? value : `${number(value, digits)} ${unit}`.trim());
	let guess = null,
		shown = false;

	const question = element(root, "p.gs-question", { id: newId() }, strings.question);
	const step = 10 ** -(digits ?? 0);
	let svg, show;
	const buttons = [];
	if (choices) {
		const row = element(root, "div.vx-row", { role: "group", "aria-labelledby": question.id });
		for (const words of choices) buttons.push(addButton(row, words, (event) => pick(words, event)));
	} else {
		svg = element(root, "svg.vx-drawing.vx-across.gs-bars", HIDDEN);
		const label = element(element(root, "div.gs-slider"), "label");
		show = addSlider(label, strings.bar, { min: span[0], max: span[1], step }, pick);
		onDragAcross(svg, [0, 0], span, step, pick);
	}
	const answer = addButton(element(root, "div.vx-row"), strings.show, (event) => {
		shown = guess !== null;
		if (shown) change({}, event);
	});
	const [first, second] = addReadout(root);

	function pick(value, event) {
		if (!shown) guess = value;
		change({}, event);
	}

	function draw() {
		answer.ariaDisabled = guess === null || shown;
		first.textContent = guess === null ? strings.wait : say("guess", { guess: tell(guess) });
		second.textContent = shown ? `${say("truth", { truth: tell(truth) })} ${verdict()}` : "";
		buttons.forEach((button, i) => {
			button.ariaPressed = choices[i] === guess;
			button.classList.toggle("gs-true", shown && choices[i] === truth);
		});
		if (svg) drawBars();
	}

	function verdict() {
		if (choices) return guess === truth ? strings.right : strings.wrong;
		const far = Number((guess - truth).toFixed(digits));
		return far ? say(far > 0 ? "above" : "below", { difference: tell(Math.abs(far)) }) : strings.right;
	}

	function drawBars() {
		const width = svg.clientWidth || 420,
			toX = (value) => ((value - span[0]) / (span[1] - span[0])) * width,
			middle = (span[0] + span[1]) / 2,
			now = guess ?? middle;
		clear(svg, width, 68);
		element(svg, "rect.gs-frame", { x: 0.5, y: 4.5, width: width - 1, height: 36 });
		element(svg, guess === null ? "rect.gs-none" : "rect.gs-guess", { y: 5, width: toX(now), height: 35 });
		if (shown) element(svg, "rect.gs-truth", { y: 15, width: toX(truth), height: 15 }).style.fill = addStripes(svg);
		const toText = (value) => number(value, value % 1 && Math.min(2, digits + 1));
		ticksBelow(svg, 41, [span[0], middle, span[1]], toX, toText, [40, width - 40]);
		show(now, guess === null ? "" : number(guess, digits));
	}

	const again = () => ((guess = null), (shown = false));
	const { change, remove } = enliven({ model, root, draw, again });
	return remove;
}

export default { render };
