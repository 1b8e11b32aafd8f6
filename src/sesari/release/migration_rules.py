"""PURE: the rules by which migrations are judged: why each one is, and the safer way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """`blocks`: a migration that breaks it does not run; else it is told to the reviewer."""

    blocks: bool
    why: str
    hint: str


RULES: Final[Mapping[str, Rule]] = {
    "index-not-concurrent": Rule(
        True,
        "the table cannot be written while the index is built",
        "Use CREATE INDEX CONCURRENTLY, in a file of its own",
    ),
    "drop-index-not-concurrent": Rule(
        False,
        "the table can be neither read nor written until running queries end",
        "Use DROP INDEX CONCURRENTLY, in a file of its own",
    ),
    "table-rewrite": Rule(
        True,
        "every row is written anew while nobody can read or write the table",
        "Add a new column, fill it in batches, move the code over, drop the old one in a later release",
    ),
    "not-null-without-check": Rule(
        True,
        "the whole table is read while nobody can use it",
        "Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT it in a later file, then SET NOT NULL",
    ),
    "constraint-checks-all-rows": Rule(
        True,
        "every row is checked while the table cannot be written",
        "Add it NOT VALID, and VALIDATE CONSTRAINT in a later file",
    ),
    "constraint-builds-index": Rule(
        True,
        "an index is built while nobody can use the table",
        "Build the index with CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT ... USING INDEX",
    ),
    "required-column": Rule(
        True,
        "it fails on a table that has rows, and rows of the code that runs now do not fill it",
        "Give it a default, or add it without NOT NULL",
    ),
    "heavy-lock": Rule(
        True,
        "nobody can use the table for as long as it takes",
        "Leave it out, or run it by hand when nobody uses the product",
    ),
    "blocking-refresh": Rule(
        False,
        "the view cannot be read while it is refreshed",
        "Use REFRESH MATERIALIZED VIEW CONCURRENTLY",
    ),
    "all-rows-at-once": Rule(
        False,
        "all rows are locked until it ends, and the table doubles",
        "Change rows in batches, or with a WHERE that names them",
    ),
    "lock-timeout-missing": Rule(
        False,
        "Sesari sets one; another tool would wait without end, and every query behind it",
        "Begin the file with `set lock_timeout = '2s';`",
    ),
    "lock-timeout-off": Rule(
        True,
        "it would wait without end for a table in use, and every query behind it",
        "Set a time, such as '2s', or leave the line out",
    ),
    "drop-in-expand": Rule(
        True,
        "code of the release before may still use it while the new one rolls out",
        "Move it to a migration of a later release that begins with `-- sesari: contract`",
    ),
    "contract-unmarked": Rule(
        False,
        "a reader should not have to find out",
        "Begin the file with `-- sesari: contract`",
    ),
    "table-without-rls": Rule(
        True,
        "Supabase serves every table of schema public to anybody who has the public key",
        "Add ALTER TABLE ... ENABLE ROW LEVEL SECURITY to the same file, or create it in another schema",
    ),
    "rls-disabled": Rule(
        True,
        "Supabase serves every table of schema public to anybody who has the public key",
        "Leave it on, and write a policy that lets in whom you want",
    ),
    "view-bypasses-rls": Rule(
        True,
        "a view reads with its owner's rights, whatever the policies of its tables say, and Supabase serves it",
        "Create it WITH (security_invoker = on), or in another schema",
    ),
    "definer-without-path": Rule(
        False,
        "it runs with its owner's rights on whatever objects the caller's search_path names",
        "Add SET search_path = '' and write schemas out",
    ),
    "opaque": Rule(
        False,
        "what a block does can be known only by running it",
        "Write the statements out, or let a reviewer read it closely",
    ),
}
