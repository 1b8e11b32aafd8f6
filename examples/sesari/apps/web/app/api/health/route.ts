import { reachDatabase } from "../../../lib/jobs";

export const dynamic = "force-dynamic";

/** 200 when this release can serve its page, 503 when the database does not answer. */
export async function GET(): Promise<Response> {
  const release = process.env.VERCEL_GIT_COMMIT_SHA ?? process.env.RELEASE ?? "unknown";
  try {
    await reachDatabase();
    return Response.json({ status: "ok", release });
  } catch (error) {
    console.error("health: the database does not answer:", error instanceof Error ? error.message : error);
    return Response.json({ status: "no database", release }, { status: 503 });
  }
}
