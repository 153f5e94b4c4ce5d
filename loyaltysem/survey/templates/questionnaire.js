"use strict";
(() => {
  const q = JSON.parse(document.getElementById("questionnaire").textContent);
  const form = document.getElementById("form");
  const pages = [...document.querySelectorAll(".page")];
  const last = pages.length - 1;
  const byId = (id) => document.getElementById(id);
  const address = new URLSearchParams(location.search);
  const draft = `loyaltysem:${q.name}:${q.version}`;
  let state = fresh();
  let since = performance.now();

  function fresh() {
    return { page: 0, started: new Date().toISOString(), finished: "", seconds: {}, saved: false };
  }

  // ---- language -------------------------------------------------------------------------------
  const root = document.documentElement;
  function speak(language) {
    root.dataset.language = language;
    root.lang = language === "zh" ? "zh-Hans" : "en";
    document.title = q.title[language] || q.title.en;
    for (const button of document.querySelectorAll("[data-set-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setLanguage === language));
    }
    tellPlace();
    keep();
  }
  function say(element, text) {
    const parts = [["en", text.en], ["zh-Hans", text.zh]].map(([lang, words]) => {
      const part = document.createElement("span");
      part.lang = lang;
      part.textContent = words;
      return part;
    });
    element.replaceChildren(...parts);
  }
  function filled(text, values) {
    const put = (words) => words.replace(/\[(\w+)\]/g, (_, name) => values[name]);
    return { en: put(text.en), zh: put(text.zh) };
  }

  // ---- answers --------------------------------------------------------------------------------
  const halfWidth = (text) => text.replace(/[\uFF01-\uFF5E]/g,
    (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, " ");
  function answer(name) {
    const field = form.elements[name];
    const value = field === undefined ? "" : field.value;
    const rule = q.fields[name];
    if (rule.kind === "text") return value;
    return rule.kind === "choice" ? value : halfWidth(value).trim().replace(/^\+/, "");
  }
  function fault(name) {
    const rule = q.fields[name];
    const value = answer(name);
    if (value.trim() === "") return rule.required ? q.messages.missing : null;
    if (rule.kind === "key" && rule.pattern && !new RegExp(`^(?:${rule.pattern})$`).test(value)) {
      return q.messages.key;
    }
    if (rule.kind !== "number") return null;
    const number = Number(value);
    if (!/^-?(\d+\.?\d*|\.\d+)$/.test(value)) return q.messages.number;
    if (rule.whole && !Number.isInteger(number)) return q.messages.whole;
    if (rule.minimum !== null && number < rule.minimum) return filled(q.messages.low, rule);
    if (rule.maximum !== null && number > rule.maximum) return filled(q.messages.high, rule);
    return null;
  }
  const namesOn = (page) =>
    [...page.querySelectorAll(".question:not([hidden])")].map((box) => box.dataset.name);
  function mark(name, message) {
    const box = byId(`question-${name}`);
    const error = byId(`error-${name}`);
    box.classList.toggle("invalid", message !== null);
    error.hidden = message === null;
    if (message) say(error, message);
    for (const field of box.querySelectorAll("input, textarea")) {
      field.setAttribute("aria-invalid", String(message !== null));
    }
  }
  function check(page) {
    const wrong = namesOn(page).filter((name) => {
      const message = fault(name);
      mark(name, message);
      return message !== null;
    });
    const alert = byId("alert");
    alert.hidden = wrong.length === 0;
    if (wrong.length) {
      const head = document.createElement("strong");
      say(head, filled(q.messages.summary, { count: wrong.length }));
      alert.replaceChildren(head);
      const field = byId(`question-${wrong[0]}`).querySelector("input, textarea");
      field.focus();
      byId(`question-${wrong[0]}`).scrollIntoView({ block: "center" });
    }
    return wrong.length === 0;
  }

  // ---- pages and time -------------------------------------------------------------------------
  function clock() {
    const name = pages[state.page].dataset.page;
    const now = performance.now();
    if (name && !document.hidden) {
      state.seconds[name] = (state.seconds[name] || 0) + (now - since) / 1000;
    }
    since = now;
  }
  function tellPlace() {
    const at = { page: state.page + 1, pages: last };
    say(byId("place"), state.page === last ? q.messages.done : filled(q.messages.place, at));
    byId("progress").value = state.page;
  }
  function show(page, focus = true) {
    clock();
    state.page = page;
    pages.forEach((section, k) => { section.hidden = k !== page; });
    byId("alert").hidden = true;
    byId("back").hidden = page === 0 || page === last;
    byId("next").hidden = page === last;
    say(byId("next"), page === last - 1 ? q.messages.finish : q.messages.next);
    if (page === last && !state.finished) state.finished = new Date().toISOString();
    tellPlace();
    keep();
    if (focus) {
      window.scrollTo(0, 0);
      pages[page].querySelector("h2").focus({ preventScroll: true });
    }
  }

  // ---- the answer file ------------------------------------------------------------------------
  const rounded = (seconds) => (Math.round((seconds || 0) * 10) / 10).toFixed(1);
  function record() {
    const answers = Object.keys(q.fields).map((name) => [name, answer(name)]);
    const times = q.pages.map((name) => [`form_seconds_${name}`, rounded(state.seconds[name])]);
    const total = Object.values(state.seconds).reduce((sum, part) => sum + part, 0);
    return [...answers, ["form_language", root.dataset.language], ["form_version", q.version],
      ["form_started", state.started], ["form_finished", state.finished],
      ["form_seconds", rounded(total)], ...times];
  }
  // As the package's own writer: an apostrophe keeps spreadsheets from running a cell.
  const isNumber = (cell) => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell);
  const begins = (cell) => /^[=+\-@\t\r]/.test(cell) && !isNumber(cell);
  const inert = (cell) => (begins(cell) || /^'+[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const line = (cells) => cells.map((cell) => quoted(inert(cell))).join(",") + "\r\n";
  function asCsv() {
    const pairs = record();
    return "\uFEFF" + line(pairs.map((pair) => pair[0])) + line(pairs.map((pair) => pair[1]));
  }
  function asJson() {
    const typed = record().filter(([, value]) => value !== "").map(([name, value]) => {
      const rule = q.fields[name];
      const numeric = (rule && rule.kind !== "text" && rule.kind !== "key") || /^form_seconds/.test(name);
      return [name, numeric ? Number(value) : value];
    });
    return JSON.stringify([Object.fromEntries(typed)], null, 1) + "\n";
  }
  function save(content, suffix, type) {
    const who = (q.key ? answer(q.key) : "").replace(/[^A-Za-z0-9]/g, "");
    const when = state.finished.replace(/[-:]|\..*/g, "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
    link.download = [q.name, who, when].filter(Boolean).join("_") + suffix;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    state.saved = true;
    keep();
    say(byId("saved"), filled(q.messages.saved, { file: link.download }));
  }

  // ---- a draft that outlives a reload, but not the tab ----------------------------------------
  function keep() {
    const answers = Object.fromEntries(Object.keys(q.fields).map((name) => [name, raw(name)]));
    try {
      const language = root.dataset.language;
      sessionStorage.setItem(draft, JSON.stringify({ ...state, language, answers }));
    } catch { /* storage may be forbidden: the form works without a draft */ }
  }
  const raw = (name) => (form.elements[name] === undefined ? "" : form.elements[name].value);
  function restored() {
    try {
      return JSON.parse(sessionStorage.getItem(draft));
    } catch {
      return null;
    }
  }
  function clear() {
    try { sessionStorage.removeItem(draft); } catch { /* nothing was kept */ }
  }

  // ---- wiring ---------------------------------------------------------------------------------
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (state.page < last && check(pages[state.page])) show(state.page + 1);
  });
  form.addEventListener("change", (event) => {
    const box = event.target.closest(".question");
    if (box && box.classList.contains("invalid")) mark(box.dataset.name, fault(box.dataset.name));
    keep();
  });
  byId("back").addEventListener("click", () => show(state.page - 1));
  byId("save-csv").addEventListener("click", () => save(asCsv(), ".csv", "text/csv"));
  byId("save-json").addEventListener("click", () => save(asJson(), ".json", "application/json"));
  byId("again").addEventListener("click", () => {
    clear();
    form.reset();
    say(byId("saved"), { en: "", zh: "" });
    state = fresh();
    since = performance.now();
    for (const name of Object.keys(q.fields)) mark(name, null);
    fromAddress();
    show(0);
  });
  for (const button of document.querySelectorAll("[data-set-language]")) {
    button.addEventListener("click", () => speak(button.dataset.setLanguage));
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      // The time up to now was seen.
      const name = pages[state.page].dataset.page;
      const now = performance.now();
      if (name) state.seconds[name] = (state.seconds[name] || 0) + (now - since) / 1000;
      keep();
    }
    since = performance.now();
  });
  window.addEventListener("beforeunload", (event) => {
    clock();
    keep();
    if (state.finished && !state.saved) event.preventDefault();
  });
  function fromAddress() {
    const given = q.key ? address.get(q.key) : null;
    if (q.key && q.fields[q.key].entry === "url") {
      byId(`question-${q.key}`).hidden = given !== null;
    }
    if (given !== null) form.elements[q.key].value = given;
  }

  const before = restored();
  if (before) {
    for (const [name, value] of Object.entries(before.answers)) {
      if (form.elements[name] !== undefined) form.elements[name].value = value;
    }
    const { page, started, finished, seconds, saved } = before;
    state = { page: Math.min(page, last), started, finished, seconds, saved };
  }
  fromAddress();
  const wanted = address.get("lang") || (before && before.language) || q.language;
  const at = state.page;
  state.page = at;
  show(at, false);
  speak(wanted === "zh" ? "zh" : "en");
})();
