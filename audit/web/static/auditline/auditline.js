// What the pages gain with JavaScript. Nothing here is needed to read or to act; every page works without it.
(function () {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];

  // ---- theme: system -> light -> dark -> system
  function theme() {
    return root.dataset.theme || "system";
  }

  function showTheme() {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
      button.hidden = false;
      button.setAttribute("aria-label", `Colours: ${theme()}. Change to ${next}`);
      button.title = `Colours: ${theme()}`;
      for (const icon of button.querySelectorAll("[data-theme-icon]")) icon.hidden = icon.dataset.themeIcon !== theme();
    }
  }

  function changeTheme() {
    const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("auditline-theme");
      else localStorage.setItem("auditline-theme", next);
    } catch (_) {
      // The choice lasts for this page only.
    }
    showTheme();
  }

  // ---- copy buttons: <button data-copy="id of the element whose text is copied">
  async function copy(button) {
    const text = document.getElementById(button.dataset.copy).textContent.trim();
    const word = button.querySelector("[data-copy-word]");
    try {
      await navigator.clipboard.writeText(text);
      word.textContent = "Copied";
    } catch (_) {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      word.textContent = "Selected: press Ctrl C";
    }
    setTimeout(() => (word.textContent = "Copy"), 2400);
  }

  // ---- menus: a press outside or Escape closes them
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  }

  // ---- keys: / goes to the question, j and k walk the rows of the page's first table, Enter opens, ? shows the keys
  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  function walk(step) {
    const rows = [...document.querySelectorAll("main table[data-rows] tbody tr")].filter((row) => row.querySelector("a"));
    if (!rows.length) return false;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    (rows[next].querySelector("a[data-row]") || rows[next].querySelector("a")).focus();
    rows[next].scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details.menu[open]");
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const box = document.getElementById("ask-box");
      if (!box) return;
      box.focus();
      box.select();
      event.preventDefault();
    } else if (event.key === "j" || event.key === "k") {
      if (walk(event.key === "j" ? 1 : -1)) event.preventDefault();
    } else if (event.key === "?") {
      const keys = document.getElementById("keys");
      if (keys && keys.showPopover) keys.togglePopover();
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    closeMenus(event.target.closest("details.menu"));
    if (!button) return;
    if ("themeToggle" in button.dataset) changeTheme();
    else if (button.dataset.copy) copy(button);
    else if ("dismiss" in button.dataset) button.closest("[data-dismissible]").remove();
    else if ("print" in button.dataset) print();
  });

  // ---- a form that changes something is sent once; back and forward make it usable again
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    for (const button of form.querySelectorAll("button[type=submit]")) {
      setTimeout(() => (button.disabled = true), 0);
    }
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form[method=post] button[type=submit]:disabled:not([data-off])")) {
      button.disabled = false;
    }
  });

  // ---- drop an inventory file on its area
  function dropAreas(scope) {
    for (const area of scope.querySelectorAll("[data-drop]")) {
      const input = area.querySelector("input[type=file]");
      for (const kind of ["dragenter", "dragover"]) {
        area.addEventListener(kind, (event) => {
          event.preventDefault();
          area.dataset.drop = "over";
        });
      }
      for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => (area.dataset.drop = ""));
      area.addEventListener("drop", (event) => {
        event.preventDefault();
        input.files = event.dataTransfer.files;
      });
    }
  }

  // ---- after HTMX has put something in: focus where the server asks, say it where there is something to say
  document.addEventListener("htmx:afterSettle", (event) => {
    const heading = event.detail.elt.querySelector && event.detail.elt.querySelector("[data-focus]");
    if (heading) heading.focus({ preventScroll: false });
    dropAreas(event.detail.elt);
    showTheme();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = document.getElementById("status");
    if (status) status.textContent = `The server answered ${event.detail.xhr.status}. Nothing on the page has changed; try again.`;
  });
  document.addEventListener("htmx:sendError", () => {
    const status = document.getElementById("status");
    if (status) status.textContent = "The server cannot be reached. What you see is what was last received.";
  });

  // ---- a folded part that the address names is opened
  function openNamed() {
    const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (part && part.tagName === "DETAILS") part.open = true;
  }
  addEventListener("hashchange", openNamed);

  showTheme();
  dropAreas(document);
  openNamed();
  const focused = document.querySelector("[data-focus]");
  if (focused) focused.focus({ preventScroll: true });
  const current = document.querySelector(".nav [aria-current]");
  if (current && current.scrollIntoView) current.scrollIntoView({ block: "nearest" });
})();
