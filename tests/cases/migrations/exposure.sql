-- case: open table
create table t (a int);
-- case: closed table
create table t (a int);
alter table t enable row level security;
-- case: closed under its full name
create table t (a int);
alter table public.t enable row level security;
-- case: another table closed
create table t (a int);
alter table u enable row level security;
-- case: closed before it is made
set lock_timeout = '2s';
alter table t enable row level security;
create table if not exists t (a int);
-- case: table elsewhere
create table private.t (a int);
-- case: table from a query
create table t as select 1 as a;
-- case: table from select into
select 1 as a into t;
-- case: partition
create table t_2026 partition of t for values from (1) to (2);
-- case: row-level security off
set lock_timeout = '2s';
alter table t disable row level security;
-- case: view with its owner's rights
create view v as select 1 as a;
-- case: view with the caller's rights
create view v with (security_invoker = on) as select 1 as a;
-- case: view with the caller's rights in short
create view v with (security_invoker) as select 1 as a;
-- case: view with the caller's rights switched off
create view v with (security_invoker = false) as select 1 as a;
-- case: view elsewhere
create view private.v as select 1 as a;
-- case: definer
create function f() returns int language sql security definer as 'select 1';
-- case: definer with a path
create function f() returns int language sql security definer set search_path = '' as 'select 1';
-- case: invoker
create function f() returns int language sql as 'select 1';
