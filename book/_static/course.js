// Small things that every page needs: the light/dark button, keyboard access to whatever scrolls, search over file://.
(function () {
  "use strict";
  const root = document.documentElement;

  // The theme's script changes to the button's data-mode on a click; keep it the opposite of what is shown.
  const button = document.querySelector(".theme-change-button");
  function nameButton() {
    const other = root.dataset.theme === "dark" ? "light" : "dark";
    button.dataset.mode = other;
    button.textContent = other === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `${button.textContent} colours`);
  }
  if (button) {
    new MutationObserver(nameButton).observe(root, { attributeFilter: ["data-theme"] });
    nameButton();
  }

  // A formula, a table or code that is wider than the page scrolls inside itself, and the arrow keys reach it.
  const names = {
    "div.math": "Formula",
    pre: "Code",
    ".pst-scrollable-table-container": "Table",
    ".cell_output > .output": "Output",
  };
  function markScrollers() {
    for (const [selector, name] of Object.entries(names)) {
      for (const box of document.querySelectorAll(`.bd-article ${selector}`)) {
        const scrolls = box.scrollWidth > box.clientWidth + 1;
        if (scrolls)
          Object.entries({ tabindex: 0, role: "group", "aria-label": `${name}, scrolls sideways` }).forEach((a) =>
            box.setAttribute(...a),
          );
        else if (box.getAttribute("role") === "group")
          ["tabindex", "role", "aria-label"].forEach((a) => box.removeAttribute(a));
      }
    }
  }
  addEventListener("load", () => {
    new ResizeObserver(markScrollers).observe(document.querySelector(".bd-article-container"));
    globalThis.MathJax?.startup?.promise?.then(markScrollers);
  });
  document.addEventListener("toggle", markScrollers, true);

  // The browser cannot fetch pages from the disk, so over file:// the results come without their excerpts.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object")
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
})();
