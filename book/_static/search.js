// What the course adds to Sphinx' search, on the search page only: one spelling for all, chapters first, excerpts that
// can be read. Runs after searchtools.js and the index, before the search starts.
(function () {
	"use strict";

	// British and American, with and without the e of "parameter": one form for the words of the index and of the query.
	const fold = (stem) =>
		stem
			.replace(/our/g, "or")
			.replace(/gray/g, "grey")
			.replace(/metr/g, "meter")
			.replace(/([a-z]{3})t(?:re|r)$/, "$1ter")
			.replace(/([a-z]{3})i[sz]e?$/, "$1")
			.replace(/ll$/, "l");

	const index = Search._index;
	for (const name of ["terms", "titleterms"]) {
		const folded = {};
		for (const [term, files] of Object.entries(index[name])) {
			folded[fold(term)] = [...new Set([folded[fold(term)] ?? [], files].flat())];
		}
		index[name] = folded;
	}
	const Plain = Stemmer;
	Stemmer = function () {
		const plain = new Plain();
		this.stemWord = (word) => fold(plain.stemWord(word));
	};

	// "auto-encoder" and "loglikelihood", as the course writes them.
	const known = (word) => Object.hasOwn(index.terms, new Stemmer().stemWord(word));
	function respell(word) {
		if (/^[a-z]+(-[a-z]+)+$/i.test(word)) {
			const joined = word.replaceAll("-", "");
			return known(joined.toLowerCase()) ? joined : word;
		}
		const lower = word.toLowerCase();
		if (!/^[a-z]{7,}$/.test(lower) || known(lower)) return word;
		for (let cut = 3; cut <= lower.length - 3; cut++) {
			if (known(lower.slice(0, cut)) && known(lower.slice(cut))) return `${word.slice(0, cut)} ${word.slice(cut)}`;
		}
		return word;
	}
	const query = Search.query;
	Search.query = (words) => {
		const respelled = words.split(/\s+/).map(respell).join(" ");
		countHeadings(respelled);
		return query(respelled);
	};

	// A chapter explains, the glossary defines, homework and the notes for teachers use, the bibliography lists. Among
	// chapters those come first that have the words in their headings. (Sphinx gives a term of the glossary 100.)
	const kinds = [
		[/^\d+-/, 30],
		[/^\d+[a-z]-/, 20],
		[/^glossary$/, 10],
		[/^bibliography$/, -10],
	];
	const headings = new Map();
	function countHeadings(words) {
		const stems = (text) => splitQuery(text.toLowerCase()).map((word) => new Stemmer().stemWord(word));
		const sought = new Set(stems(words));
		headings.clear();
		for (const [title, places] of Object.entries(index.alltitles)) {
			const hits = stems(title).filter((stem) => stem.length > 2 && sought.has(stem)).length;
			for (const [file] of places) headings.set(index.docnames[file], (headings.get(index.docnames[file]) ?? 0) + hits);
		}
	}
	Scorer.score = ([name, , , , score]) =>
		Math.min(score, 12) +
		(kinds.find(([pattern]) => pattern.test(name))?.[1] ?? 0) +
		Math.min(9, headings.get(name) ?? 0);

	// Formulas in an excerpt as far as plain text goes, with the symbols of the pages: p(z|x), not \(p(z \mid x)\).
	const symbols = {
		beta: "β",
		delta: "δ",
		epsilon: "ε",
		varepsilon: "ε",
		lambda: "λ",
		mu: "μ",
		pi: "π",
		sigma: "σ",
		mid: " | ",
		sim: " ∼ ",
		approx: " ≈ ",
		le: " ≤ ",
		ge: " ≥ ",
		times: " × ",
		cdot: "·",
		to: " → ",
		ln: "ln ",
		exp: "exp",
		int: "∫",
		sum: "∑",
		infty: "∞",
		in: "∈",
		pm: "±",
		dots: "…",
		sqrt: "√",
	};
	const plain = (tex) =>
		tex
			.replace(/\\[()[\]]/g, "")
			.replace(/\\([A-Za-z]+)\s*/g, (_, name) => symbols[name] ?? "")
			.replace(/\\[,;:! ]|[{}\\&~]/g, " ")
			.replace(/\s+/g, " ")
			.trim();
	Search.htmlToText = (html, anchor) => {
		const page = new DOMParser().parseFromString(html, "text/html");
		const main = page.querySelector("[role=main]") ?? page.body;
		main
			.querySelectorAll(".headerlink, script, style, div.math, .lesson-head, .prev-next-area, summary")
			.forEach((one) => one.remove());
		main.querySelectorAll(".math").forEach((formula) => formula.replaceWith(plain(formula.textContent)));
		const part = anchor && main.querySelector(`[id="${CSS.escape(anchor.slice(1))}"]`);
		const definition = part?.matches?.("dt") ? ` ${part.nextElementSibling.textContent}` : "";
		return (part || main.querySelector("article") || main).textContent + definition;
	};
})();
