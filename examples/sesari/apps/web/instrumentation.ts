import { missing } from "./lib/environment";

/** Next calls this once when a server starts: an incomplete environment ends it before it takes a request. */
export function register(): void {
  const names = missing(process.env);
  if (names.length > 0 && process.env.NEXT_RUNTIME === "nodejs") {
    console.error(`the web cannot start: missing environment variables: ${names.join(", ")}`);
    process.exit(1); // Next only logs what is thrown here, and serves on
  }
}
