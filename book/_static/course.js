// Small things that every page needs: the light/dark button, drawers that close, code that copies, paper that shows all,
// keyboard access to whatever scrolls, search over file://.
(function () {
	"use strict";
	const root = document.documentElement;

	// The button's choice stays until the next click; without one the system decides, and the theme's script follows it.
	const button = document.querySelector(".theme-change-button");
	function nameButton() {
		const { mode, theme } = root.dataset;
		if (mode !== "auto" && theme !== mode) root.dataset.theme = mode; // the system changed after a choice
		button.dataset.mode = root.dataset.theme === "dark" ? "light" : "dark";
		button.textContent = button.dataset.mode === "dark" ? "Dark" : "Light";
		button.setAttribute("aria-label", `${button.textContent} colours`);
	}
	button.addEventListener("click", () => {
		for (const name of ["mode", "theme"]) localStorage.setItem(name, (root.dataset[name] = button.dataset.mode));
	});
	new MutationObserver(nameButton).observe(root, { attributeFilter: ["data-theme"] });
	nameButton();

	// The key / opens the search, where it does not write a character.
	addEventListener("keydown", (event) => {
		if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.target.closest("input, textarea, select, [contenteditable], .vaelab-explorer")) return;
		event.preventDefault();
		const open = document.querySelector(".search-button__button");
		open ? open.click() : document.querySelector(".bd-search input")?.focus();
	});

	// A drawer closes by its button, and when a link in it has led elsewhere on the page.
	addEventListener("click", ({ target }) => {
		if (target.closest("dialog :is(.close-drawer, a[href^='#'])")) target.closest("dialog").close();
	});

	// Code copies without its prompt and output.
	for (const box of document.querySelectorAll(".bd-article div.highlight")) {
		if (box.closest(".cell_output")) continue;
		const copy = document.createElement("button");
		Object.assign(copy, { type: "button", className: "copy-code", textContent: "Copy" });
		copy.setAttribute("aria-label", "Copy this code");
		copy.addEventListener("click", async () => {
			try {
				await navigator.clipboard.writeText(box.querySelector("pre").textContent);
				copy.textContent = "Copied";
			} catch {
				getSelection().selectAllChildren(box.querySelector("pre")); // the browser forbids it: Ctrl-C is one key away
				copy.textContent = "Selected";
			}
			copy.classList.add("done");
			setTimeout(() => {
				copy.textContent = "Copy";
				copy.classList.remove("done");
			}, 1500);
		});
		box.append(copy);
	}

	// On paper every fold is open and the colours are light; afterwards all is as it was.
	let before = null;
	addEventListener("beforeprint", () => {
		const folded = [...document.querySelectorAll(".bd-article details:not([open])")];
		before ??= { folded, ...root.dataset };
		folded.forEach((fold) => (fold.open = true));
		root.dataset.mode = root.dataset.theme = "light";
	});
	addEventListener("afterprint", () => {
		if (!before) return;
		before.folded.forEach((fold) => (fold.open = false));
		[root.dataset.mode, root.dataset.theme] = [before.mode, before.theme];
		before = null;
	});

	// Formulas are set for 10 ms at a time, first those on the screen, whenever the page has nothing better to do.
	if (globalThis.MathJax)
		MathJax.startup = {
			async pageReady() {
				const formulas = [...document.querySelectorAll(".math")];
				const above = formulas.findIndex((one) => one.getBoundingClientRect().bottom > 0);
				formulas.push(...formulas.splice(0, above));
				await new Promise(requestAnimationFrame); // the text first
				for (let many = 1; formulas.length; ) {
					await new Promise((done) => (globalThis.requestIdleCallback ?? setTimeout)(done, { timeout: 100 }));
					const start = performance.now();
					await MathJax.typesetPromise(formulas.splice(0, many));
					many = Math.max(1, Math.round(many * Math.min(2, 10 / (performance.now() - start))));
				}
			},
		};

	// A formula, a table or code that is wider than the page scrolls inside itself, and the arrow keys reach it.
	const names = {
		"div.math": "Formula",
		pre: "Code",
		".pst-scrollable-table-container": "Table",
		".cell_output > .output": "Output",
	};
	function markScrollers() {
		const found = Object.entries(names).flatMap(([selector, name]) =>
			[...document.querySelectorAll(`.bd-article ${selector}`)].map((box) => [
				box,
				name,
				box.scrollWidth > box.clientWidth + 1,
			]),
		);
		for (const [box, name, scrolls] of found) {
			if (scrolls)
				Object.entries({ tabindex: 0, role: "group", "aria-label": `${name}, scrolls sideways` }).forEach((a) =>
					box.setAttribute(...a),
				);
			else if (box.getAttribute("role") === "group")
				["tabindex", "role", "aria-label"].forEach((a) => box.removeAttribute(a));
		}
	}
	addEventListener("load", () => {
		new ResizeObserver(markScrollers).observe(document.querySelector(".bd-article-container"));
		globalThis.MathJax?.startup?.promise?.then(markScrollers);
	});
	document.addEventListener("toggle", markScrollers, true);

	// From the disk a browser shows a notebook as text, whatever the link says.
	const download = document.querySelector(".lesson-head a[download]");
	if (download && location.protocol === "file:") {
		download.textContent = "The notebook’s file";
		download.title = "A browser shows a file from the disk as text: save the link instead, with the right button.";
	}

	// The browser cannot fetch pages from the disk, so over file:// the results come without their excerpts.
	if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object")
		DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
})();
