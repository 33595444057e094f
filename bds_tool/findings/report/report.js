"use strict";
(() => {
  const key = (row, i) => {
    const cell = row.cells[i];
    return cell.dataset.v ?? cell.textContent.trim();
  };
  const order = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, document.documentElement.lang) : x - y;
  };
  for (const table of document.querySelectorAll("table[data-sort]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, i) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((h) => h.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => order(key(a, i), key(b, i)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    }));
  }
  const search = document.getElementById("zoek"), level = document.getElementById("ernst"), shown = document.getElementById("telling");
  if (!search) return;
  const rows = [...document.getElementById("plaatsen").tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const [row, text] of rows) {
      const keep = (!level.value || row.dataset.s === level.value) && words.every((w) => text.includes(w));
      row.hidden = !keep;
      n += keep;
    }
    shown.value = shown.dataset.tekst.replace("{n}", n);
  };
  search.addEventListener("input", apply);
  level.addEventListener("change", apply);
  apply();
})();
