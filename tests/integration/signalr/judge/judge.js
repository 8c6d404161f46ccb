// The published JavaScript client of SignalR 2 (jquery.signalR) in Node: jsdom is its browser.
// Arguments: url, user, password, transports separated by commas. JUDGE_IS_A_BROWSER: its WebSocket sends no
// credentials, as those of browsers do not. Calls come as lines of JSON on stdin, [hub, method, ...arguments];
// what happens is told as lines of JSON on stdout.
const fs = require("fs");
const { JSDOM } = require("jsdom");
const { WebSocket } = require("ws");

const [url, user, password, transports] = process.argv.slice(2);
const authorization = "Basic " + Buffer.from(`${user}:${password}`).toString("base64");
const tell = (what) => console.log(JSON.stringify(what));

const { window } = new JSDOM("", { url: url + "/", runScripts: "outside-only" });
for (const library of ["jquery", "signalr/jquery.signalR.js"]) {
  window.eval(fs.readFileSync(require.resolve(library), "utf8"));
}
const $ = window.jQuery;
$.ajaxSetup({ headers: { Authorization: authorization } });
const headers = process.env.JUDGE_IS_A_BROWSER ? {} : { Authorization: authorization };
window.WebSocket = class extends WebSocket {
  constructor(address) {
    super(address, { headers });
    this.on("error", () => {}); // told by its closing
  }
};

const connection = $.hubConnection(url + "/hpc/signalr", { useDefaultPath: false });
const hubs = {};
for (const [name, method] of [
  ["JobEventHub", "JobStateChange"],
  ["TaskEventHub", "TaskStateChange"],
  ["CommandHub", "OutputLine"],
]) {
  hubs[name] = connection.createHubProxy(name);
  hubs[name].on(method, (...told) => tell({ told: [method, told] }));
}
connection.reconnected(() => tell({ reconnected: true }));
connection.disconnected(() => tell({ disconnected: true }));
connection
  .start({ transport: transports.split(",") })
  .done(() => tell({ started: connection.transport.name }))
  .fail((error) => tell({ failed: error.message }));

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [hub, method, ...given] = JSON.parse(line);
    hubs[hub]
      .invoke(method, ...given)
      .done((result) => tell({ result: result === undefined ? null : result }))
      .fail((error) => tell({ refused: error.message }));
  })
  .on("close", () => {
    connection.stop(false);
    setTimeout(() => process.exit(0), 200);
  });
