// Asks one server for a while, in a closed loop; prints what it took as JSON.
import { readFileSync } from "node:fs";

import autocannon from "autocannon";

const { url, headers, bodies, connections, seconds } = JSON.parse(readFileSync(0, "utf8"));
const times = [];

const run = autocannon({
  url,
  connections,
  duration: seconds,
  timeout: 30,
  requests: bodies.map((body) => ({ method: "POST", path: "/graphql", headers, body })),
});
// autocannon's own histogram has whole milliseconds, which is what one answer takes.
run.on("response", (client, statusCode, bytes, milliseconds) => times.push(milliseconds));

const result = await run;
times.sort((a, b) => a - b);
const quantile = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    requests: times.length,
    seconds: result.duration,
    failures: result.non2xx + result.errors + result.timeouts,
    p50_ms: quantile(0.5),
    p99_ms: quantile(0.99),
    generator_s: (user + system) / 1e6,
  }),
);
