"use strict";
(() => {
  const open = () => {
    const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (aim instanceof HTMLDetailsElement) aim.open = true;
  };
  addEventListener("hashchange", open);
  open();
  const search = document.getElementById("zoek"), level = document.getElementById("ernst"), shown = document.getElementById("telling");
  if (!search) return;
  const cards = [...document.querySelectorAll("#regels > details")].map((card) => [card, card.textContent.toLowerCase()]);
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const [card, text] of cards) {
      const keep = (!level.value || card.dataset.s === level.value) && words.every((w) => text.includes(w));
      card.hidden = !keep;
      n += keep;
    }
    shown.value = shown.dataset.tekst.replace("{n}", n);
  };
  search.addEventListener("input", apply);
  level.addEventListener("change", apply);
  apply();
})();
