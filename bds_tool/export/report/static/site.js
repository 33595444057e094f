// Sort, filter, tabs and comparison; every page can be read without this file.
(function () {
  "use strict";
  var nl = document.documentElement.lang !== "en";
  function say(dutch, english) { return nl ? dutch : english; }
  function key(cell) {
    var given = cell.getAttribute("data-v");
    if (given !== null) return given === "" ? null : Number(given);
    var text = cell.textContent.trim();
    return text === "" ? null : text.toLocaleLowerCase("nl");
  }

  document.querySelectorAll("table.sorteer").forEach(function (table) {
    var heads = table.querySelectorAll("thead th"), body = table.tBodies[0];
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
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

  document.querySelectorAll("input[data-filter]").forEach(function (input) {
    var target = document.getElementById(input.getAttribute("data-filter"));
    var told = document.getElementById(input.getAttribute("data-filter") + "-aantal");
    input.addEventListener("input", function () {
      var words = input.value.toLocaleLowerCase("nl"), shown = 0;
      target.querySelectorAll("tbody tr, li").forEach(function (item) {
        var fits = item.textContent.toLocaleLowerCase("nl").indexOf(words) >= 0;
        item.hidden = !fits;
        if (fits) shown += 1;
      });
      if (told) told.textContent = words ? shown + say(" gevonden", " found") : "";
    });
  });

  document.querySelectorAll("[data-tabs]").forEach(function (holder) {
    var panels = Array.from(holder.children).filter(function (c) { return c.tagName === "SECTION"; });
    if (panels.length < 2) return;
    var list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", holder.getAttribute("data-tabs"));
    var tabs = panels.map(function (panel, index) {
      var tab = document.createElement("button");
      tab.type = "button";
      tab.id = panel.id + "-tab";
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      tab.textContent = panel.querySelector("h2").textContent;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.tabIndex = 0;
      tab.addEventListener("click", function () { choose(index, false); });
      tab.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) choose((index + step + panels.length) % panels.length, true);
        else if (event.key === "Home") choose(0, true);
        else if (event.key === "End") choose(panels.length - 1, true);
        else return;
        event.preventDefault();
      });
      list.appendChild(tab);
      return tab;
    });
    function choose(wanted, focus) {
      panels.forEach(function (panel, index) {
        panel.hidden = index !== wanted;
        tabs[index].setAttribute("aria-selected", index === wanted ? "true" : "false");
        tabs[index].tabIndex = index === wanted ? 0 : -1;
      });
      if (focus) tabs[wanted].focus();
    }
    holder.insertBefore(list, panels[0]);
    var asked = panels.findIndex(function (p) { return "#" + p.id === location.hash; });
    choose(asked < 0 ? 0 : asked, false);
  });

  var compare = document.getElementById("vergelijk");
  if (compare && window.bdsGemeenten) {
    var data = window.bdsGemeenten, which = document.getElementById("welke"), one = document.getElementById("gebied1"), two = document.getElementById("gebied2");
    var rows = compare.tBodies[0];
    function option(select, value, label) { var o = document.createElement("option"); o.value = value; o.textContent = label; select.appendChild(o); }
    data.themas.forEach(function (theme, i) { option(which, i, theme); });
    data.gebieden.forEach(function (area, i) { option(one, i, area[1]); option(two, i, area[1]); });
    if (data.gebieden.length > 1) two.value = "1";
    function cell(tag, text, number) { var c = document.createElement(tag); c.textContent = text; if (number !== undefined) { c.className = text.length > 9 ? "num woorden" : "num"; c.setAttribute("data-v", number === null ? "" : number); } return c; }
    function show(value, unit) {
      if (value === null) return "*";
      if (value === "") return "–";
      if (typeof value === "string") return value;
      return figure(value, unit) + " " + unit;
    }
    // As many decimals as the other pages have; what rounds to nothing has no sign.
    function figure(value, unit) {
      var places = unit === "%" || unit === "\u2030" ? 1 : 2;
      var rounded = Number(value.toFixed(places)) || 0;
      return rounded.toLocaleString(nl ? "nl-NL" : "en-GB", { minimumFractionDigits: places, maximumFractionDigits: places });
    }
    function draw() {
      rows.textContent = "";
      compare.tHead.rows[0].cells[1].lastChild.textContent = data.gebieden[one.value][1];
      compare.tHead.rows[0].cells[2].lastChild.textContent = data.gebieden[two.value][1];
      data.indicatoren.forEach(function (indicator, i) {
        if (indicator[1] !== Number(which.value)) return;
        var a = data.waarden[one.value][i], b = data.waarden[two.value][i], both = typeof a === "number" && typeof b === "number";
        var line = document.createElement("tr"), head = cell("th", indicator[0]);
        head.scope = "row";
        line.appendChild(head);
        line.appendChild(cell("td", show(a, indicator[2]), typeof a === "number" ? a : null));
        line.appendChild(cell("td", show(b, indicator[2]), typeof b === "number" ? b : null));
        line.appendChild(cell("td", both ? figure(a - b, indicator[2]) : "", both ? a - b : null));
        rows.appendChild(line);
      });
    }
    [which, one, two].forEach(function (s) { s.addEventListener("change", draw); });
    draw();
  }
})();
