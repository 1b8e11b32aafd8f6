"""The queries with which the migration runner asks and records; none is built from values."""

from __future__ import annotations

from typing import LiteralString

# The schema that Supabase's tools keep their history in, and leave out when they compare or dump a database.
PREPARE: tuple[LiteralString, ...] = (
    "create schema if not exists supabase_migrations",
    "create table if not exists supabase_migrations.schema_migrations"
    " (version text not null primary key, statements text[], name text)",
    "alter table supabase_migrations.schema_migrations add column if not exists statements text[]",
    "alter table supabase_migrations.schema_migrations add column if not exists name text",
    "create table if not exists supabase_migrations.sesari_migrations"
    " (version text not null primary key, checksum text not null, kind text not null, owner text not null,"
    " holder text not null, applied_at timestamptz not null default now())",
    "create table if not exists supabase_migrations.sesari_statements"
    " (version text not null, position integer not null, checksum text not null, owner text not null,"
    " started_at timestamptz not null default now(), done_at timestamptz, primary key (version, position))",
)
EXISTS: LiteralString = "select to_regclass('supabase_migrations.sesari_statements') is not null"
FOREIGN_EXISTS: LiteralString = (
    "select count(*) = 3 from information_schema.columns where table_schema = 'supabase_migrations'"
    " and table_name = 'schema_migrations' and column_name in ('version', 'name', 'statements')"
)
FOREIGN_APPLIED: LiteralString = (
    "select version, coalesce(name, ''), coalesce(statements, '{}')"
    " from supabase_migrations.schema_migrations order by version"
)
APPLIED: LiteralString = (
    "select s.version, coalesce(s.name, ''), m.checksum, m.kind, coalesce(s.statements, '{}')"
    " from supabase_migrations.schema_migrations s left join supabase_migrations.sesari_migrations m using (version)"
    " order by s.version"
)
STARTED: LiteralString = (
    "select version, position, checksum, done_at is not null from supabase_migrations.sesari_statements"
    " order by version, position"
)
OWNERS: LiteralString = (
    "select owner from supabase_migrations.sesari_migrations"
    " union select owner from supabase_migrations.sesari_statements order by 1"
)
HOLDS: LiteralString = (
    "select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted"
    " and objsubid = 1 and ((classid::bigint << 32) | objid::bigint) = %s)"
)
LOCK_HOLDER: LiteralString = (
    "select a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),"
    " extract(epoch from now() - coalesce(a.xact_start, a.backend_start))::float, ''"
    " from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.granted"
    " and l.objsubid = 1 and ((l.classid::bigint << 32) | l.objid::bigint) = %s"
)
BLOCKERS: LiteralString = (
    "select a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),"
    " extract(epoch from now() - coalesce(a.xact_start, a.backend_start))::float,"
    " coalesce((select string_agg(distinct w.relation::regclass::text, ', ') from pg_locks w"
    " where w.pid = %(pid)s and not w.granted and w.relation is not null), '')"
    " from unnest(pg_blocking_pids(%(pid)s)) b(pid) join pg_stat_activity a on a.pid = b.pid"
)
INDEX: LiteralString = "select indisvalid and indisready from pg_index where indexrelid = to_regclass(%s)"
