-- What became of a job. Only added, with nothing that old code would trip over: it runs before the new code does.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table public.jobs
    add column result text,
    add column error text,
    add column attempts integer not null default 0,
    add column started_at timestamptz,
    add column finished_at timestamptz;

comment on column public.jobs.error is 'Why the last attempt failed; empty when it did not.';
