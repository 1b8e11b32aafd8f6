import assert from "node:assert/strict";
import { test } from "node:test";
import { SignJWT } from "jose";
import { missing, variable } from "../lib/environment.js";
import { userOf } from "../lib/session.js";

const SECRET = "0123456789abcdef0123456789abcdef";
const ALICE = "a11ce000-0000-4000-8000-000000000000";

function token(subject: string, secret = SECRET, expires: string | number = "1h"): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
}

test("a valid session names its user", async () => {
  assert.equal(await userOf(await token(ALICE), SECRET), ALICE);
});

test("anything else is nobody", async () => {
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(`{"sub":"${ALICE}"}`).toString("base64url")}.`;
  const wrong = [
    undefined,
    "",
    "x.y.z",
    unsigned,
    await token(ALICE, `${SECRET}x`),
    await token("not-a-uuid"),
    await token(ALICE, SECRET, 1),
  ];
  for (const one of wrong) {
    assert.equal(await userOf(one, SECRET), null, `token ${one}`);
  }
});

test("missing variables are all named", () => {
  assert.deepEqual(missing({ DATABASE_URL: "" }), ["DATABASE_URL", "SESSION_SECRET"]);
  assert.deepEqual(missing({ DATABASE_URL: "a", SESSION_SECRET: "b" }), []);
  assert.throws(() => variable("SESSION_SECRET", {}), /SESSION_SECRET/);
});
