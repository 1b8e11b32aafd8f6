import "server-only";
import postgres from "postgres";
import { variable } from "./environment";

export type Job = {
  id: string;
  input: string;
  status: "queued" | "running" | "done";
  result: string | null;
  created_at: Date;
};

let client: postgres.Sql | undefined;

/** One small pool per server process, opened at the first question: a build has no database. */
function database(): postgres.Sql {
  // A transaction pooler in front of Postgres cannot keep prepared statements.
  client ??= postgres(variable("DATABASE_URL"), { max: 3, idle_timeout: 20, connect_timeout: 5, prepare: false });
  return client;
}

/** The user's newest jobs. The statements run as the user, so row-level security decides what they see. */
export async function jobsOf(user: string, limit = 50): Promise<Job[]> {
  const rows = await database().begin("read only", async (transaction) => {
    await transaction`set local role authenticated`;
    await transaction`select set_config('request.jwt.claims', ${JSON.stringify({ sub: user })}, true)`;
    return transaction<Job[]>`
      select id, input, status, result, created_at from jobs order by created_at desc limit ${limit}`;
  });
  return [...rows];
}

/** Throws when the database does not answer. */
export async function reachDatabase(): Promise<void> {
  await database()`select 1`;
}
