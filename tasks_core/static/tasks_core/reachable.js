// What the theme leaves out for people with a keyboard or a screen reader: what answers to a click can be
// reached by Tab and pressed by Enter, and the names of icons are not read out as if they were words.
(() => {
  const ICON = ".material-symbols-outlined";
  const NAMES = { add: "Add", arrow_back: "Back", close: "Close", more_horiz: "More", search: "Search", logout: "Log out" };
  const OWN_KEYS = "a[href], button, input, select, textarea, summary";
  const SWITCH = /^\s*(\w+)\s*=\s*(?:!\s*\1|true)\s*;?\s*$/;

  const words = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(ICON).forEach((icon) => icon.remove());
    return copy.matches(ICON) ? "" : copy.textContent.trim();
  };

  const name = (element) => {
    const icon = element.matches(ICON) ? element : element.querySelector(ICON);
    if (!icon || element.ariaLabel || element.title || words(element)) return;
    element.ariaLabel = NAMES[icon.textContent.trim()] ?? icon.textContent.trim().replaceAll("_", " ");
  };

  const reach = (element) => {
    if (element.matches(OWN_KEYS) || element.querySelector(OWN_KEYS) || !element.textContent.trim()) return;
    element.setAttribute("role", "button");
    element.tabIndex = 0;
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      element.click();
    });
  };

  // A moment is asked for in two fields under one label.
  const PARTS = { vDateField: "date", vTimeField: "time" };
  const tell = (element) => {
    const label = element.closest(".field-line")?.querySelector("label");
    const part = Object.keys(PARTS).find((one) => element.classList.contains(one));
    if (!element.ariaLabel && !element.labels?.length && label) {
      element.ariaLabel = `${label.textContent.trim().replace(/[*:]$/, "")}: ${PARTS[part]}`;
    }
  };

  const mend = (root) => {
    root.querySelectorAll("template").forEach((template) => mend(template.content));
    root.querySelectorAll("[x-on\\:click]").forEach((element) => {
      reach(element);
      const opens = SWITCH.exec(element.getAttribute("x-on:click"));
      if (opens && !element.hasAttribute("x-bind:aria-expanded")) {
        element.setAttribute("x-bind:aria-expanded", opens[1]);
      }
    });
    root.querySelectorAll("a, button, [role=button]").forEach(name);
    root.querySelectorAll(".vDateField, .vTimeField").forEach(tell);
    root.querySelectorAll(ICON).forEach((icon) => {
      if (!icon.ariaLabel && icon.role !== "button") icon.ariaHidden = "true";
    });
  };

  // Before Alpine looks at the page, so that it sees what was added.
  document.addEventListener("alpine:init", () => mend(document));
  document.addEventListener("htmx:afterSwap", (event) => mend(event.target));
})();
