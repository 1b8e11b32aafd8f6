import "server-only";
import { cookies } from "next/headers";
import { variable } from "./environment";
import { userOf } from "./session";

/** The signed-in user of the request being answered, or null. */
export async function currentUser(): Promise<string | null> {
  const session = (await cookies()).get("session");
  return userOf(session?.value, variable("SESSION_SECRET"));
}
