// Search, sort, highlight and compare; every page can be read without this file.
(function () {
  "use strict";
  var nl = document.documentElement.lang !== "en", root = document.body.getAttribute("data-root") || "";
  var index = window.bdsIndex || { gebieden: [], indicatoren: [], periodes: [] };
  function say(dutch, english) { return nl ? dutch : english; }
  function make(tag, text, kind) { var e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (kind) e.className = kind; return e; }
  function plain(text) { return text.toLocaleLowerCase("nl").normalize("NFD").replace(/[\u0300-\u036f]/g, ""); }
  function state() { var s = {}; location.hash.slice(1).split("&").forEach(function (p) { var i = p.indexOf("="); if (i > 0) { try { s[p.slice(0, i)] = decodeURIComponent(p.slice(i + 1)); } catch (e) { /* no state */ } } }); return s; }
  function keep(s) { var h = Object.keys(s).filter(function (k) { return s[k]; }).map(function (k) { return k + "=" + encodeURIComponent(s[k]); }).join("&"); try { history.replaceState(null, "", h ? "#" + h : location.pathname.split("/").pop()); } catch (e) { location.hash = h; } }

  // ---- search
  var input = document.getElementById("zoek"), list = document.getElementById("gevonden"), told = document.getElementById("aantal");
  function find() {
    var words = plain(input.value.trim()), hits = [];
    list.textContent = "";
    if (words) {
      index.gebieden.forEach(function (g) { if (plain(g[1]).indexOf(words) >= 0) hits.push([plain(g[1]).indexOf(words), g[1], g[2], "gebied/" + g[3] + ".html"]); });
      index.indicatoren.forEach(function (i) { if (plain(i[1]).indexOf(words) >= 0) hits.push([plain(i[1]).indexOf(words), i[1], i[2], "indicator/" + i[3] + ".html"]); });
      hits.sort(function (a, b) { return (a[0] > 0) - (b[0] > 0) || a[1].localeCompare(b[1], "nl"); });
      hits.slice(0, 12).forEach(function (h) { var a = make("a", h[1] + " "); a.href = root + h[3]; a.appendChild(make("span", h[2])); var li = make("li"); li.appendChild(a); list.appendChild(li); });
    }
    list.hidden = !hits.length;
    told.textContent = words ? (hits.length === 1 ? say("1 gevonden", "1 found") : hits.length + say(" gevonden", " found")) : "";
  }
  if (input) {
    input.addEventListener("input", find);
    input.form.addEventListener("submit", function (e) { e.preventDefault(); var first = list.querySelector("a"); if (first) location.href = first.href; });
    input.form.addEventListener("keydown", function (e) {
      var links = Array.from(list.querySelectorAll("a")), at = links.indexOf(document.activeElement);
      if (e.key === "Escape") { list.hidden = true; input.focus(); }
      else if (e.key === "ArrowDown" && links.length) { links[Math.min(at + 1, links.length - 1)].focus(); e.preventDefault(); }
      else if (e.key === "ArrowUp" && at >= 0) { (at ? links[at - 1] : input).focus(); e.preventDefault(); }
    });
    document.addEventListener("click", function (e) { if (!input.form.contains(e.target)) list.hidden = true; });
  }

  // ---- what is folded is printed too
  window.addEventListener("beforeprint", function () { document.querySelectorAll("details").forEach(function (d) { d.open = true; }); });

  // ---- sort
  function key(cell) {
    var given = cell.getAttribute("data-v");
    if (given !== null) return given === "" ? null : Number(given);
    var text = cell.textContent.trim();
    return text === "" ? null : plain(text);
  }
  document.querySelectorAll("table.sorteer").forEach(function (table) {
    var heads = table.querySelectorAll("thead th"), body = table.tBodies[0];
    heads.forEach(function (head, column) {
      var button = make("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        Array.from(body.rows).sort(function (a, b) {
          var x = key(a.cells[column]), y = key(b.cells[column]);
          if (x === null || y === null) return (x === null) - (y === null); // hidden and empty always last
          var order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "nl");
          return down ? -order : order;
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });

  // ---- highlight one area on the page of an indicator
  var light = document.getElementById("licht");
  if (light) {
    light.closest(".kies").hidden = false;
    document.querySelectorAll("tr[data-naam]").forEach(function (row) { var o = make("option", row.getAttribute("data-naam")); o.value = row.getAttribute("data-area"); light.appendChild(o); });
    var mark = function () {
      document.querySelectorAll("[data-area]").forEach(function (e) { e.classList.toggle("me", light.value !== "" && e.getAttribute("data-area") === light.value); });
    };
    var read = function () { light.value = state().gebied || ""; if (light.selectedIndex < 0) light.value = ""; mark(); };
    light.addEventListener("change", function () { keep({ gebied: light.value }); mark(); });
    window.addEventListener("hashchange", read);
    document.getElementById("deel").addEventListener("click", function () {
      var done = document.getElementById("gedeeld"), address = location.href;
      if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(address).then(function () { done.textContent = say("Gekopieerd", "Copied"); }, function () { done.textContent = address; });
      else done.textContent = address;
    });
    read();
  }

  // ---- compare two areas
  var compare = document.getElementById("vergelijk");
  if (compare && index.gebieden.length) {
    var one = document.getElementById("gebied1"), two = document.getElementById("gebied2"), when = document.getElementById("periode"), none = document.getElementById("geen");
    var known = {}, files = {};
    window.bdsGebied = function (code, figures) { known[code] = figures; draw(); };
    index.gebieden.forEach(function (g) { files[g[0]] = g[3]; [one, two].forEach(function (s) { var o = make("option", g[2] ? g[1] + " (" + g[2] + ")" : g[1]); o.value = g[0]; s.appendChild(o); }); });
    index.periodes.forEach(function (p) { var o = make("option", p); o.value = p; when.appendChild(o); });
    var load = function (code) { if (known[code] || !files[code]) return; var s = make("script"); s.src = "data/vergelijk/" + files[code] + ".js"; document.head.appendChild(s); };
    var cell = function (figure) {
      var td = make("td", undefined, "num");
      if (!figure || figure.length < 3) { td.appendChild(make("span", figure ? figure[1] : say("geen gegevens", "no data"), "stil")); return td; }
      td.appendChild(make("b", figure[1]));
      if (figure[2]) { td.appendChild(make("br")); td.appendChild(make("span", figure[2], "stil")); }
      return td;
    };
    var draw = function () {
      var a = (known[one.value] || {})[when.value], b = (known[two.value] || {})[when.value], rows = compare.tBodies[0], empty = [];
      if (!known[one.value] || !known[two.value]) return;
      rows.textContent = ""; none.textContent = "";
      compare.tHead.rows[0].cells[1].textContent = one.options[one.selectedIndex].text;
      compare.tHead.rows[0].cells[2].textContent = two.options[two.selectedIndex].text;
      var by = function (list) { var m = {}; (list || []).forEach(function (f) { m[f[0]] = f; }); return m; };
      a = by(a); b = by(b);
      index.indicatoren.forEach(function (indicator, i) {
        var x = a[i], y = b[i], both = x && y && x.length > 2 && y.length > 2;
        if (!(x && x.length > 2) && !(y && y.length > 2)) { empty.push(indicator[1]); return; }
        var line = make("tr"), head = make("th"), link = make("a", indicator[1]), said = "";
        link.href = "indicator/" + indicator[3] + ".html"; head.scope = "row"; head.appendChild(link); line.appendChild(head);
        line.appendChild(cell(x)); line.appendChild(cell(y));
        if (both && x[3] !== null && y[3] !== null && x[4] !== null && y[4] !== null) said = x[4] > y[5] || y[4] > x[5] ? say("overlappen niet", "do not overlap") : say("overlappen", "overlap");
        if (said) head.appendChild(make("span", say("intervallen ", "intervals ") + said, said === say("overlappen niet", "do not overlap") ? "zegt word" : "zegt"));
        rows.appendChild(line);
      });
      if (empty.length) { var d = make("details", undefined, "none"), s = make("summary", say("In geen van beide te tonen: ", "To be shown in neither: ") + empty.length + (empty.length === 1 ? say(" cijfer", " figure") : say(" cijfers", " figures"))); d.appendChild(s); d.appendChild(make("p", empty.join("; ") + ".")); none.appendChild(d); }
    };
    var choose = function () { keep({ a: one.value, b: two.value, periode: when.value }); load(one.value); load(two.value); draw(); };
    var start = function () {
      var s = state(), gm = index.gebieden.filter(function (g) { return g[0].slice(0, 2) === "GM"; }), first = gm[0] || index.gebieden[0], next = gm[1] || index.gebieden[1] || first;
      one.value = files[s.a] ? s.a : first[0];
      two.value = files[s.b] ? s.b : (next[0] !== one.value ? next[0] : first[0]);
      when.value = index.periodes.indexOf(s.periode) >= 0 ? s.periode : compare.getAttribute("data-wide");
      choose();
    };
    [one, two, when].forEach(function (s) { s.addEventListener("change", choose); });
    window.addEventListener("hashchange", start);
    start();
  }
})();
