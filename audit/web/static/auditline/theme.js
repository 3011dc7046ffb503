// Runs before the first paint: puts the reader's own choice of light or dark on <html>, or leaves it to the system.
(function () {
  "use strict";
  try {
    var choice = localStorage.getItem("auditline-theme");
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
  } catch (_) {
    // Storage is closed to us (private window, policy): the system's scheme stays.
  }
  document.documentElement.dataset.script = "on";
})();
