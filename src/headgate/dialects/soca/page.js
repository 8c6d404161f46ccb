// What makes the forms of /api/doc send their operation and show the answer. Served from here, under a policy
// that lets nothing else run; what is typed goes into requests to this server and nowhere else.
"use strict";

const encode = (text) => {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
};

const headers = () => {
  const given = {};
  for (const input of document.querySelectorAll("#who input")) if (input.value) given[input.name] = input.value;
  return given;
};

const show = (output, status, text) => {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    // Not JSON: as it came.
  }
  const block = document.createElement("pre");
  block.textContent = `${status}\n${shown}`;
  output.replaceChildren(block);
};

const send = async (form) => {
  const fields = new URLSearchParams();
  for (const input of form.querySelectorAll("input, textarea")) {
    if (input.value) fields.append(input.name, input.dataset.encode ? encode(input.value) : input.value);
  }
  const inBody = form.dataset.place === "body";
  const query = !inBody && fields.size ? `?${fields}` : "";
  const output = form.querySelector("output");
  try {
    const answer = await fetch(form.dataset.path + query, {
      method: form.dataset.method,
      headers: headers(),
      body: inBody ? fields : undefined,
      credentials: "omit",
      cache: "no-store",
    });
    show(output, answer.status, await answer.text());
  } catch (error) {
    show(output, "No answer", String(error));
  }
};

document.querySelector("#origin").textContent = location.origin;
document.querySelector("#who").addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll("form.operation")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
