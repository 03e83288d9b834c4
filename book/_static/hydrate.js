// Brings the saved figures of a page to life without a kernel: each `.living-figure` holds a still picture, and a
// script in figures/ holds the widget's saved state and code (classic scripts, so that this works over file:// too).
(function () {
	"use strict";
	const here = document.currentScript.src;
	const scripts = {},
		modules = {};

	function load(name) {
		scripts[name] ??= new Promise((resolve, reject) => {
			const script = document.createElement("script");
			script.src = new URL(`figures/${name}.js`, here).href;
			script.onload = () => resolve(globalThis.livingFigures[name]);
			script.onerror = () => reject(Object.assign(new Error(`${name}.js did not load`), { reload: true }));
			document.head.append(script);
		});
		return scripts[name];
	}

	// The widget's ES module, imported once however many figures use it, and its style sheet.
	async function importModule(name) {
		const code = await load(name);
		document.head.append(Object.assign(document.createElement("style"), { textContent: code.css }));
		const address = URL.createObjectURL(new Blob([code.esm], { type: "text/javascript" }));
		const module = await import(address);
		URL.revokeObjectURL(address);
		return typeof module.default === "function" ? module.default() : module.default;
	}

	function decode(base64) {
		return new DataView(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
	}

	// As much of a Jupyter widget model as a figure needs: there is no kernel to save anything to. A figure that asks for
	// the bytes of a file, as vaelab/widgets/data_file.py says, gets them from a script as well.
	function createModel({ state, buffers }) {
		const values = structuredClone(state),
			listeners = {};
		for (const { path, data } of buffers) {
			const parent = path.slice(0, -1).reduce((value, key) => value[key], values);
			parent[path.at(-1)] = decode(data);
		}
		const tell = (event, ...message) => [...(listeners[event] ?? [])].forEach((listener) => listener(...message));
		return {
			get: (name) => values[name],
			set(name, value) {
				if (values[name] === value) return;
				values[name] = value;
				tell(`change:${name}`);
			},
			on: (event, listener) => (listeners[event] ??= new Set()).add(listener),
			off: (event, listener) => listeners[event]?.delete(listener),
			save_changes() {},
			send: ({ load: file }) =>
				load(file).then(
					(bytes) => tell("msg:custom", { loaded: file }, [decode(bytes)]),
					() => tell("msg:custom", { failed: file }, []),
				),
		};
	}

	async function hydrate(figure) {
		const still = figure.querySelector("img");
		const el = document.createElement("div");
		try {
			const saved = await load(figure.dataset.figure);
			const widget = await (modules[saved.code] ??= importModule(saved.code));
			const model = createModel(saved);
			await widget.initialize?.({ model });
			still.replaceWith(el);
			await widget.render({ model, el });
		} catch (error) {
			console.warn(`The figure ${figure.dataset.figure} stays a still picture: ${error.message}`);
			el.isConnected ? el.replaceWith(still) : figure.prepend(still);
			figure.classList.add("still");
			const reason = error.reload ? "a part of it did not load; try to reload the page." : "it needs a newer browser.",
				textContent = `This figure did not come alive, so here is a still picture of it: ${reason}`;
			figure.append(Object.assign(document.createElement("p"), { className: "living-figure-note", textContent }));
		}
	}

	// A link such as #figure:mean=-2&log_var=0 sets the first figure of the page, #figure2:… the second. What the reader
	// does there is kept in the address, so that one can point at it.
	const all = [...document.querySelectorAll(".living-figure")],
		figures = all.filter((one) => !one.dataset.figure.endsWith("-guess")); // no link sets a guess
	function show(figure) {
		const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
		figure.scrollIntoView({ block: "nearest", behavior });
	}
	async function setFigure(hash) {
		const [, place, state] = /^#figure(\d*):(.+)$/.exec(hash) ?? [];
		const holder = state && figures[(place || 1) - 1];
		if (!holder) return;
		await wake(holder);
		const figure = holder.querySelector("[data-ready]");
		if (!figure) return;
		show(figure);
		const detail = Object.fromEntries(new URLSearchParams(state));
		figure.dispatchEvent(new CustomEvent("vaelab:set", { detail }));
	}
	addEventListener("hashchange", () => setFigure(location.hash));
	addEventListener("click", ({ target }) => {
		const link = target.closest("a.sets-figure");
		if (link?.hash === location.hash) setFigure(link.hash); // the address does not change
	});
	addEventListener("vaelab:state", ({ target, detail }) => {
		const place = figures.indexOf(target.closest(".living-figure")) + 1,
			hash = detail && `#figure${place > 1 ? place : ""}:${detail}`;
		if (!hash && !location.hash.startsWith("#figure")) return;
		try {
			history.replaceState(history.state, "", hash || location.pathname + location.search);
		} catch {} // in a frame that may not
	});

	// Under the pointer or the focus a term of a formula (course.py marks them) lights its part of the figure, whose style
	// looks at data-lit. Screen readers are kept from the drawn formula, so each term has a hidden button for the focus.
	const { dataset } = document.documentElement;
	for (const button of document.querySelectorAll("button.term")) button.hidden = false;
	for (const kind of ["pointerover", "focusin", "focusout", "click"])
		addEventListener(kind, ({ target }) => {
			const term = kind !== "focusout" && target.closest?.("[class*=lights-]");
			if (term) dataset.lit = /lights-(\w+)/.exec(term.className)[1];
			else delete dataset.lit;
			if (term && kind === "click") show(figures[0]);
		});

	// A figure comes alive when it is within a screen's height of the screen, or a link sets it.
	const wake = (figure) => (figure.woken ??= hydrate(figure));
	const near = new IntersectionObserver(
		(entries) => entries.forEach((entry) => entry.isIntersecting && wake(entry.target)),
		{ rootMargin: "100%" },
	);
	all.forEach((one) => near.observe(one));
	setFigure(location.hash);
})();
