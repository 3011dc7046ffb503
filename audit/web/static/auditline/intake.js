// Bring in an inventory: preview the file before it is sent, and say how far it is while it is. Without this script the
// form sends the file by itself.
(() => {
  const form = document.querySelector("[data-intake]");
  if (!form) return;
  const file = form.querySelector("input[type=file]");
  const preview = document.getElementById("preview");
  const sending = document.getElementById("sending");
  const field = (name) => form.elements[name];
  const headers = { "X-CSRFToken": field("csrfmiddlewaretoken").value };
  let asked = 0;

  async function look() {
    const chosen = file.files[0];
    const mine = ++asked;
    if (!chosen) return preview.replaceChildren();
    const query = new URLSearchParams({
      filename: chosen.name, size: chosen.size, kind: field("kind").value, format: field("format").value,
    });
    const answer = await fetch(`${form.dataset.preview}?${query}`, {
      method: "POST", headers, body: chosen.slice(0, Number(form.dataset.previewed)),
    }).catch(() => null);
    if (mine !== asked) return; // another file was chosen meanwhile
    if (answer && answer.ok) preview.innerHTML = await answer.text();
    else say("The preview cannot be had just now. The file can be sent all the same.");
  }

  function say(text, share) {
    const line = document.createElement("p");
    line.textContent = text;
    sending.replaceChildren(line);
    if (share === undefined) return;
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", "Sent");
    if (share !== null) Object.assign(bar, { max: 1, value: share });
    sending.append(bar);
  }

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

  function send(event) {
    const chosen = file.files[0];
    if (!chosen || !form.reportValidity()) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    const query = new URLSearchParams({ source: field("source").value, mode: field("mode").value });
    for (const name of ["kind", "format"]) if (field(name).value) query.set(name, field(name).value);
    if (chosen.name) query.set("filename", chosen.name);
    const request = new XMLHttpRequest();
    let watching = 0;
    request.open("POST", `${form.dataset.door}&${query}`);
    request.setRequestHeader("X-CSRFToken", headers["X-CSRFToken"]);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (sent) => {
      say(`${megabytes(sent.loaded)} of ${megabytes(sent.total)} sent`, sent.loaded / sent.total);
    });
    request.upload.addEventListener("load", () => {
      say("Sent. The file is being judged; nothing is kept before all of it was.", null);
      watching = setInterval(watch, 2000);
    });
    const end = (text) => {
      clearInterval(watching);
      button.disabled = false;
      say(text);
    };
    request.addEventListener("error", () => end("The connection was lost. Nothing was kept; send it again."));
    request.addEventListener("load", () => {
      clearInterval(watching);
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        return end(`The server answered ${request.status} and said no more. Try it again.`);
      }
      if (request.status !== 201) return end(answer.error ? answer.error.message : `The server answered ${request.status}.`);
      const id = answer.import_id ? `import/${answer.import_id}` : answer.receipt.event_id;
      location.assign(`${form.dataset.results}${id}/`);
    });
    request.send(chosen);
  }

  async function watch() {
    const answer = await fetch(`${form.dataset.imports}&${new URLSearchParams({ source: field("source").value })}`).catch(() => null);
    if (!answer || !answer.ok) return;
    const [row] = (await answer.json()).results;
    if (row) say(`${row.rows.toLocaleString("en")} rows judged, ${row.rejected.toLocaleString("en")} problems found`, row.read / row.size);
  }

  file.addEventListener("change", look);
  for (const name of ["kind", "format"]) field(name).addEventListener("change", look);
  form.querySelector("[data-drop]").addEventListener("drop", () => setTimeout(look, 0)); // once the file is in its field
  form.addEventListener("submit", send);
})();
