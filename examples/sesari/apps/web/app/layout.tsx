import type { Metadata } from "next";
import type { ReactNode } from "react";
import "./style.css";

const NAME = process.env.NEXT_PUBLIC_APP_NAME ?? "Sesari";

export const metadata: Metadata = { title: NAME, description: "Texts in, summaries out." };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <h1>{NAME}</h1>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
