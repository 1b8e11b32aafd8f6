-- A job is a text that somebody wants summarized. Its owner sees it and nobody else does.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    owner uuid not null default auth.uid(),
    request_key text not null default gen_random_uuid()::text check (length(request_key) between 1 and 200),
    input text not null check (length(input) between 1 and 20000),
    status text not null default 'queued' check (status in ('queued', 'running', 'done')),
    created_at timestamptz not null default now(),
    unique (owner, request_key)
);

create index jobs_owner_created_at on public.jobs (owner, created_at desc);

comment on column public.jobs.request_key is 'The client''s Idempotency-Key: the same request twice is one job.';

alter table public.jobs enable row level security;

-- Supabase grants new tables to its roles by default; start from nothing. What is not granted to authenticated users
-- (status, id) they cannot set, whatever the policies say.
revoke all on public.jobs from anon, authenticated, service_role;
grant select on public.jobs to authenticated;
grant insert (input, request_key) on public.jobs to authenticated;
grant select, update on public.jobs to service_role;

create policy jobs_select_own on public.jobs
    for select to authenticated
    using (owner = (select auth.uid()));

create policy jobs_insert_own on public.jobs
    for insert to authenticated
    with check (owner = (select auth.uid()) and status = 'queued');
