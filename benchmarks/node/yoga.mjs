// graphql-yoga over the service's own schema, answering from memory.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { createSchema, createYoga } from "graphql-yoga";

const [dataFile, schemaFile, port, keyDigest] = process.argv.slice(2);
const data = JSON.parse(readFileSync(dataFile, "utf8"));
const subjects = new Map(data.subjects.map((subject) => [subject.key, subject]));
const top = data.top.map((key) => subjects.get(key));

function require(purpose) {
  if (purpose !== data.purpose) throw new Error(`purpose ${purpose} is not served`);
}

const resolvers = {
  Query: {
    subject: (_, { key }) => subjects.get(key),
    decisions: (_, { purpose, subjects: asked }) => {
      require(purpose);
      return asked.map(({ kind, key }) => ({
        subject: { kind, key },
        decision: subjects.get(key)?.decision,
      }));
    },
    topSubjects: (_, { purpose, first }) => {
      require(purpose);
      return top.slice(0, first).map((subject) => ({ subject, score: subject.score }));
    },
  },
  SubjectDecision: {
    problem: ({ decision }) => (decision ? null : "SUBJECT_NOT_FOUND"),
  },
  Subject: {
    score: (subject, { purpose }) => {
      require(purpose);
      return subject.score;
    },
    links: (subject, { purpose, first }) => {
      require(purpose);
      const edges = subject.links.slice(0, first);
      return {
        edges,
        pageInfo: {
          hasNextPage: subject.links.length > first,
          hasPreviousPage: false,
          startCursor: edges[0]?.cursor,
          endCursor: edges.at(-1)?.cursor,
        },
      };
    },
  },
  Node: { __resolveType: () => "Subject" },
};

// What the service does for each request too: the digest of the key, compared in constant time.
const keyCheck = {
  onRequest({ request, fetchAPI, endResponse }) {
    const key = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    const digest = createHash("sha256").update(key).digest();
    if (!timingSafeEqual(digest, Buffer.from(keyDigest, "hex"))) {
      endResponse(new fetchAPI.Response("no valid key", { status: 401 }));
    }
  },
};

const yoga = createYoga({
  schema: createSchema({ typeDefs: readFileSync(schemaFile, "utf8"), resolvers }),
  plugins: keyDigest ? [keyCheck] : [],
  graphiql: false,
  landingPage: false,
  logging: false,
});

createServer(yoga).listen(Number(port), "127.0.0.1");
