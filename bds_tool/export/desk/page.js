"use strict";
// What is dropped goes to the program on this computer and nowhere else.
const words = JSON.parse(document.body.dataset.words);
const held = { a: 0, b: 0 };
let busy = false;
let shown = "";
const $ = (query, root = document) => root.querySelector(query);

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, { method, body, credentials: "omit", referrerPolicy: "no-referrer" });
  } catch (error) {
    throw new Error(words.gone);
  }
  const facts = await answer.json();
  if (!answer.ok) throw new Error(facts.error || words.failed);
  return facts;
}

function refresh() {
  for (const side of ["a", "b"]) {
    $(`[data-side=${side}] .clear`).disabled = busy || !held[side];
    $(`[data-side=${side}] input`).disabled = busy;
  }
  $("[data-run=validate]").disabled = busy || !held.a;
  $("[data-run=profile]").disabled = busy || !held.a;
  $("[data-run=compare]").disabled = busy || !held.a || !held.b;
}

// The files of what was dropped, also those in folders; names with their folder.
async function within(entry, above) {
  if (entry.isFile) {
    const file = await new Promise((yes, no) => entry.file(yes, no));
    return [[above + file.name, file]];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((yes, no) => reader.readEntries(yes, no));
    if (!some.length) return found;
    for (const one of some) found.push(...(await within(one, above + entry.name + "/")));
  }
}

async function send(section, files) {
  const side = section.dataset.side;
  const told = $(".told", section);
  if (busy || !files.length) return;
  busy = true;
  refresh();
  told.textContent = words.sending;
  let wrong = "";
  for (const [name, file] of files) {
    try {
      held[side] = (await ask("PUT", `file/${side}?name=${encodeURIComponent(name)}`, file)).files;
    } catch (error) {
      wrong = `${name}: ${error.message}`;
      break;
    }
  }
  const n = held[side];
  told.textContent = [wrong, n ? `${n} ${n === 1 ? words.one : words.count}` : words.none].filter(Boolean).join(" · ");
  busy = false;
  refresh();
}

function forget() {
  $("#result").hidden = true;
  $("#report").removeAttribute("src");
  $("#text").textContent = "";
}

for (const section of document.querySelectorAll(".delivery")) {
  const drop = $(".drop", section);
  const input = $("input", section);
  input.addEventListener("change", async () => {
    await send(section, [...input.files].map((file) => [file.name, file]));
    input.value = "";
  });
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    // The list is empty after the first wait, so all are taken from it at once.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    const loose = entries.length ? [] : [...event.dataTransfer.files].map((file) => [file.name, file]);
    const found = [];
    for (const entry of entries) found.push(...(await within(entry, "")));
    await send(section, found.concat(loose));
  });
  $(".clear", section).addEventListener("click", async () => {
    await ask("POST", `clear/${section.dataset.side}`);
    held[section.dataset.side] = 0;
    $(".told", section).textContent = words.none;
    forget();
    refresh();
  });
}
// A file that falls beside a box is not opened in place of this page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

for (const button of document.querySelectorAll("[data-run]")) {
  button.addEventListener("click", async () => {
    const what = button.dataset.run;
    busy = true;
    refresh();
    forget();
    $("#result").hidden = false;
    $("#save").hidden = true;
    $("#saved").textContent = "";
    $("#verdict").textContent = words.busy;
    try {
      const found = await ask("POST", `run/${what}`);
      shown = what;
      $("#verdict").textContent = found.said || (found.code === 3 ? words.unreadable : words[what]);
      const first = found.files[0] || "";
      $("#save").hidden = !first;
      const report = first.endsWith(".html");
      $("#report").hidden = !report;
      $("#text").hidden = report || !first;
      if (report) $("#report").src = `result/${first}`;
      else if (first) $("#text").textContent = await (await fetch(`result/${first}`)).text();
    } catch (error) {
      $("#verdict").textContent = error.message;
    }
    busy = false;
    refresh();
  });
}

$("#save").addEventListener("click", async () => {
  try {
    const { saved, folder } = await ask("POST", `save/${shown}`);
    $("#saved").textContent = `${words.saved} ${folder}: ${saved.join(", ")}`;
  } catch (error) {
    $("#saved").textContent = error.message;
  }
});

setInterval(() => ask("POST", "beat").catch((error) => { $(".told").textContent = error.message; }), 20000);
window.addEventListener("pagehide", () => navigator.sendBeacon("bye"));
refresh();
