/** What the server needs from its environment. Secrets arrive as variables from the secret manager. */
export const REQUIRED = ["DATABASE_URL", "SESSION_SECRET"] as const;

type Variables = Record<string, string | undefined>;

/** Every required variable that is missing or empty. */
export function missing(variables: Variables): string[] {
  return REQUIRED.filter((name) => !variables[name]);
}

/** One variable's value. Throws when it is missing: the start has checked that it is not. */
export function variable(name: (typeof REQUIRED)[number], variables: Variables = process.env): string {
  const value = variables[name];
  if (!value) {
    throw new Error(`missing environment variable: ${name}`);
  }
  return value;
}
