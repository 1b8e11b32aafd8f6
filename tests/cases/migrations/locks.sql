-- Each case begins with a line that names it; what is found in its SQL is in locks.txt. So do the other files here.
-- case: index on a table in use
create index a on t (b);
-- case: index on a table of the same file
create table app.t (b int);
create index a on app.t (b);
-- case: index on a table of an earlier file is judged here as one in use
set lock_timeout = '2s';
create unique index a on only app.t (b);
-- case: index concurrently
create index concurrently a on t (b);
-- case: index dropped
drop index a;
-- case: index dropped concurrently
drop index concurrently a;
-- case: type changed
set lock_timeout = '2s';
alter table t alter column a type bigint;
-- case: volatile default
set lock_timeout = '2s';
alter table t add column a uuid default gen_random_uuid();
-- case: default inside an expression
set lock_timeout = '2s';
alter table t add column a text default 'x' || random();
-- case: stable default
set lock_timeout = '2s';
alter table t add column a timestamptz not null default now();
-- case: constant default
set lock_timeout = '2s';
alter table t add column a int not null default 0;
-- case: required column
set lock_timeout = '2s';
alter table t add column a int not null;
-- case: serial and identity
set lock_timeout = '2s';
alter table t add column a bigserial, add column b bigint generated always as identity;
-- case: stored expression
set lock_timeout = '2s';
alter table t add column a int generated always as (b + 1) stored;
-- case: unique column
set lock_timeout = '2s';
alter table t add column a int unique;
-- case: not null
-- sesari: contract
set lock_timeout = '2s';
alter table t alter a set not null;
-- case: not null with a check that was not validated
-- sesari: contract
set lock_timeout = '2s';
alter table t add constraint c check (a is not null) not valid;
alter table t alter a set not null;
-- case: not null with a check
-- sesari: contract
set lock_timeout = '2s';
alter table t add constraint c check (a is not null and b > 0) not valid;
alter table t validate constraint c;
alter table t alter a set not null;
-- case: check at once
set lock_timeout = '2s';
alter table t add constraint c check (a > 0);
-- case: foreign key at once
set lock_timeout = '2s';
alter table t add foreign key (a) references u (id);
-- case: foreign key later
set lock_timeout = '2s';
alter table t add constraint c foreign key (a) references u (id) not valid;
-- case: unique constraint
set lock_timeout = '2s';
alter table t add constraint c unique (a);
-- case: unique constraint from an index
set lock_timeout = '2s';
alter table t add constraint c unique using index i;
-- case: primary key
set lock_timeout = '2s';
alter table t add primary key (a);
-- case: locked by hand
lock table t;
-- case: cluster
cluster t using i;
-- case: vacuum full
vacuum full t;
-- case: vacuum
vacuum t;
-- case: reindex
reindex table t;
-- case: reindex concurrently
reindex table concurrently t;
-- case: refresh
refresh materialized view m;
-- case: refresh concurrently
refresh materialized view concurrently m;
-- case: every row
update t set a = 1;
delete from t;
-- case: some rows
update t set a = 1 where b = 2;
delete from t where b = 2;
-- case: no lock timeout
alter table t add column a int;
-- case: lock timeout off
set lock_timeout = 0;
alter table t add column a int;
-- case: lock timeout off in words
set local lock_timeout = '0ms';
alter table t add column a int;
-- case: set aside with a reason
set lock_timeout = '2s';
-- sesari: allow index-not-concurrent because it has forty rows
create index a on t (b);
-- case: set aside without a reason
set lock_timeout = '2s';
-- sesari: allow index-not-concurrent
create index a on t (b);
-- case: set aside for the next statement only
-- sesari: allow index-not-concurrent because it has forty rows
create index a on t (b);
create index c on t (d);
-- case: set aside inside a string is no comment
set lock_timeout = '2s';
comment on table t is '
-- sesari: allow index-not-concurrent because x
';
create index a on t (b);
-- case: schema of the name counts
create table app.t (a int);
set lock_timeout = '2s';
create index i on other.t (a);
-- case: temporary tables are nobody else's
create temporary table t (a int);
create index i on t (a);
-- case: block
do $$ begin raise notice 'a;b'; end $$;
