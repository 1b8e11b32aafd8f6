-- case: adds only
set lock_timeout = '2s';
alter table t add column a int;
-- case: marked
-- sesari: contract
select 1;
-- case: marked in the middle counts for nothing
select 1;
-- sesari: contract
select 2;
-- case: says expand and drops
-- sesari: expand
set lock_timeout = '2s';
alter table t drop column a;
-- case: drops
set lock_timeout = '2s';
drop table a.b, c;
-- case: drops what it made
create table app.t (a int);
drop table app.t;
-- case: drops everything else
set lock_timeout = '2s';
drop view v;
drop materialized view m;
drop function f(int);
drop type ty;
drop sequence s;
drop schema sc;
drop extension e;
-- case: drops what queries do not name
set lock_timeout = '2s';
drop policy p on t;
drop trigger tr on t;
drop index concurrently_named;
-- case: renames
set lock_timeout = '2s';
alter table t rename to u;
alter table t rename column a to b;
alter type ty rename to tz;
alter index i rename to j;
alter policy p on t rename to q;
-- case: moves
set lock_timeout = '2s';
alter table t set schema archive;
-- case: narrows
set lock_timeout = '2s';
alter table t alter a drop default, alter b set default 1;
-- case: empties
set lock_timeout = '2s';
truncate t, u;
