// Comfort for the entry page. Without this file everything works but the completion of places.
"use strict";

const form = document.getElementById("slip");
const state = document.getElementById("state");

// --- Fields that depend on an answer -----------------------------------------------------------

function showOnlyFor(part) {
  const [name, value] = part.dataset.onlyFor.split("=");
  const update = () => {
    const chosen = form.querySelector(`input[name="${name}"]:checked`);
    // What holds a value or a problem is never hidden: it would be sent unseen.
    const filled = [...part.querySelectorAll("input")].some((input) => input.value !== "");
    part.hidden = chosen?.value !== value && !filled && !part.querySelector(".problem");
  };
  form.addEventListener("change", update);
  update();
}
document.querySelectorAll("[data-only-for]").forEach(showOnlyFor);

// --- A call that the telephone system shows ------------------------------------------------------

// After "#": no server and no proxy gets to see the caller's number.
const call = new URLSearchParams(window.location.hash.slice(1));
if (call.get("panggilan")) {
  document.getElementById("call_id").value = call.get("panggilan");
  document.getElementById("call_account").value = call.get("akun") ?? "";
  document.querySelector("input[name=source][value=call_center]").click();
  if (call.get("nomor")) {
    document.querySelector("input[name=reporter][value=gave]").click();
    document.getElementById("phone").value = call.get("nomor");
  }
}
if (window.location.hash || window.location.search.includes("nomor=")) {
  // Neither does the history of a shared computer keep it.
  window.history.replaceState(null, "", window.location.pathname);
}

// --- Saved or not ------------------------------------------------------------------------------

let unsaved = form.dataset.unsaved === "1";
let sending = false;
form.addEventListener("input", () => {
  unsaved = true;
  state.textContent = "Belum tersimpan";
});
form.addEventListener("submit", (event) => {
  if (sending) {
    event.preventDefault();
    return;
  }
  sending = true;
  unsaved = false;
  state.textContent = "Menyimpan …";
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
window.addEventListener("pageshow", () => { sending = false; });

// A live region is read out only when it changes after the page is there.
const announced = document.querySelector("[data-announce]");
if (announced) {
  const said = [...announced.childNodes];
  announced.replaceChildren();
  setTimeout(() => announced.replaceChildren(...said), 150);
}
document.querySelector("[data-focus]")?.focus();

// --- Keys --------------------------------------------------------------------------------------

function press(event) {
  if (event.ctrlKey && event.key === "Enter") {
    event.preventDefault();
    form.requestSubmit(document.getElementById("save-next"));
  } else if (event.ctrlKey && event.key.toLowerCase() === "s") {
    event.preventDefault();
    form.requestSubmit(document.getElementById("save-stay"));
  } else if (event.key === "F1") {
    event.preventDefault();
    const help = document.getElementById("help");
    help.open = !help.open;
    help.querySelector("summary").focus();
  } else if (event.key === "F2") {
    event.preventDefault();
    document.getElementById("place_text").focus();
  } else if (event.key === "Enter" && event.target.matches("#slip input") && !event.defaultPrevented) {
    event.preventDefault();
    toNextField(event.target);
  }
}
document.addEventListener("keydown", press);

function toNextField(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select, textarea, button")].filter(
    (field) => field.offsetParent !== null && !(field.name === from.name && field !== from),
  );
  fields[fields.indexOf(from) + 1]?.focus();
}

// --- Places: a combobox with a list, after the ARIA Authoring Practices ------------------------

const place = document.getElementById("place_text");
const code = document.getElementById("place_code");
const list = document.getElementById("place-list");
const spoken = document.getElementById("place-status");
const unstated = document.getElementById("place_unstated");
const endpoint = document.querySelector("[data-place]").dataset.endpoint;
// Shorter than a pause in typing, longer than the gap between two keys of a fast typist.
const PAUSE_MS = 120;
let places = [];
let active = -1;
let timer = 0;
let asking = null;

place.setAttribute("role", "combobox");
place.setAttribute("aria-autocomplete", "list");
place.setAttribute("aria-controls", list.id);
place.setAttribute("aria-expanded", "false");
place.autocomplete = "off";
list.setAttribute("role", "listbox");

function close() {
  list.hidden = true;
  active = -1;
  place.setAttribute("aria-expanded", "false");
  place.removeAttribute("aria-activedescendant");
}

function mark(index) {
  active = index;
  [...list.children].forEach((option, at) => {
    option.setAttribute("aria-selected", String(at === index));
    if (at === index) option.scrollIntoView({ block: "nearest" });
  });
  if (index < 0) place.removeAttribute("aria-activedescendant");
  else place.setAttribute("aria-activedescendant", list.children[index].id);
}

function open(found) {
  // A late answer must not take away the option that was just marked.
  const held = places[active]?.code;
  places = found;
  list.replaceChildren(
    ...found.map((one, at) => {
      const option = document.createElement("li");
      option.id = `place-option-${at}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.textContent = one.name;
      return option;
    }),
  );
  spoken.textContent = found.length ? `${found.length} tempat ditemukan` : "Tidak ada tempat yang cocok";
  list.hidden = found.length === 0;
  place.setAttribute("aria-expanded", String(found.length > 0));
  mark(found.findIndex((one) => one.code === held));
}

function choose(one) {
  place.value = one.name;
  code.value = one.code;
  unstated.checked = false;
  spoken.textContent = `${one.name} dipilih`;
  form.querySelectorAll("input[name=place_choice]").forEach((radio) => { radio.checked = false; });
  close();
}

async function ask() {
  asking?.abort();
  const question = place.value.trim();
  if (question.length < 2) {
    close();
    return;
  }
  asking = new AbortController();
  try {
    const answer = await fetch(`${endpoint}?q=${encodeURIComponent(question)}`, { signal: asking.signal });
    if (answer.ok) {
      const found = await answer.json();
      if (document.activeElement === place) open(found);
    }
  } catch {
    // Offline or overtaken by the next key: the field still takes plain text.
    close();
  }
}

place.addEventListener("input", () => {
  code.value = "";
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
});
place.addEventListener("blur", () => {
  clearTimeout(timer);
  asking?.abort();
  close();
});
place.addEventListener("keydown", (event) => {
  const last = places.length - 1;
  if (event.key === "ArrowDown" && list.hidden) {
    ask();
  } else if (event.key === "ArrowDown") {
    mark(active >= last ? 0 : active + 1);
  } else if (event.key === "ArrowUp" && !list.hidden) {
    mark(active <= 0 ? last : active - 1);
  } else if (event.key === "Enter" && !event.ctrlKey && !list.hidden && active >= 0) {
    choose(places[active]);
  } else if (event.key === "Escape" && !list.hidden) {
    close();
  } else {
    return;
  }
  event.preventDefault();
});
// "mousedown", not "click": the field loses focus in between and the list would be gone.
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const option = event.target.closest("li");
  if (option) choose(places[[...list.children].indexOf(option)]);
});
unstated.addEventListener("change", () => {
  if (!unstated.checked) return;
  place.value = "";
  code.value = "";
});
form.querySelectorAll("input[name=place_choice]").forEach((radio) => {
  radio.addEventListener("change", () => {
    place.value = radio.nextElementSibling.textContent;
    code.value = radio.value;
  });
});
