// Runs the graphql-http package's server audits; prints id, name and outcome of each as JSON.
import { auditServer } from "graphql-http";

const { GRAPHSVC_URL, GRAPHSVC_KEY } = process.env;

const results = await auditServer({
  url: `${GRAPHSVC_URL}/graphql`,
  fetchFn: (url, options = {}) =>
    fetch(url, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${GRAPHSVC_KEY}` },
    }),
});

console.log(
  JSON.stringify(
    results.map(({ id, name, status, reason }) => ({ id, name, status, reason: reason ?? null })),
  ),
);
