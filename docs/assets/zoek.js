// Zoeken zonder server: alle woorden moeten voorkomen; een gelijk nummer of begin gaat voor.
(function () {
  "use strict";
  const veld = document.getElementById("zoek");
  const doel = document.getElementById("zoekresultaten");
  const wortel = document.body.dataset.root;
  const vouw = (t) => t.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const lijst = (window.ZOEK || []).map(([titel, url]) => ({ titel, url, tekst: vouw(titel) }));
  veld.closest("form").addEventListener("submit", (e) => {
    e.preventDefault();
    const eerste = doel.querySelector("a");
    if (eerste) { window.location.href = eerste.href; }
  });
  veld.addEventListener("input", () => {
    const woorden = vouw(veld.value).split(/\s+/).filter(Boolean);
    doel.hidden = !woorden.length;
    doel.textContent = "";
    if (!woorden.length) { return; }
    const gevonden = lijst
      .filter((x) => woorden.every((w) => x.tekst.includes(w)))
      .map((x) => ({ ...x, rang: (x.tekst.startsWith(woorden[0] + " ") ? 0 : x.tekst.startsWith(woorden[0]) ? 1 : 2) * 1000 + x.tekst.length }))
      .sort((a, b) => a.rang - b.rang);
    const kop = document.createElement("p");
    kop.textContent = gevonden.length ? gevonden.length + " gevonden" : "Niets gevonden";
    const ul = document.createElement("ul");
    gevonden.slice(0, 40).forEach((x) => {
      const li = document.createElement("li");
      const a = document.createElement("a");
      a.href = wortel + "/" + x.url;
      a.textContent = x.titel;
      li.append(a);
      ul.append(li);
    });
    doel.append(kop, ul);
  });
})();
