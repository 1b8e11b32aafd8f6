// Runs one Node function of a Build Output: `node vercel_launcher.cjs HANDLER`. Told its port on standard output; it ends
// when its standard input does, so that it never outlives the stand-in.
"use strict";
const http = require("node:http");
const path = require("node:path");

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

const loaded = require(path.resolve(process.argv[2]));
const handler = typeof loaded === "function" ? loaded : (loaded.default?.default ?? loaded.default ?? loaded.handler);
if (typeof handler !== "function") {
  console.error(`${process.argv[2]} exports no handler`);
  process.exit(1);
}

const server = http.createServer((request, response) => {
  Promise.resolve()
    .then(() => handler(request, response))
    .catch((error) => {
      console.error(error);
      if (!response.headersSent) {
        response.writeHead(500, { "x-standin-failed": "1" });
      }
      response.end();
    });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
