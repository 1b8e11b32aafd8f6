"use client";

export default function Failure({ reset }: { reset: () => void }) {
  return (
    <div role="alert">
      <p>Your jobs cannot be shown right now.</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </div>
  );
}
