import { jwtVerify } from "jose";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The signed-in user's id in a session token (an HS256 JWT with `sub` and `exp`), or null. */
export async function userOf(token: string | undefined, secret: string): Promise<string | null> {
  if (!token) {
    return null;
  }
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      requiredClaims: ["exp", "sub"],
    });
    return payload.sub && UUID.test(payload.sub) ? payload.sub.toLowerCase() : null;
  } catch {
    return null; // whatever is wrong with a token, its bearer is not signed in
  }
}
