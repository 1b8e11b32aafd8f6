import { jobsOf } from "../../../lib/jobs";
import { currentUser } from "../../../lib/request";

export const dynamic = "force-dynamic";

/** The signed-in user's jobs. */
export async function GET(): Promise<Response> {
  const user = await currentUser();
  if (!user) {
    return Response.json({ error: "sign in first" }, { status: 401 });
  }
  return Response.json({ jobs: await jobsOf(user) }, { headers: { "Cache-Control": "no-store" } });
}
