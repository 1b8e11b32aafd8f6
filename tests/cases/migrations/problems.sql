-- case: nothing
-- only a comment
-- case: not SQL
create table t (a int);

creat table u (a int);
-- case: transaction control
begin;
select 1;
commit;
-- case: mixed
create index concurrently a on t (b);
insert into t values (1);
-- case: settings go with what runs alone
set lock_timeout = '2s';
create index concurrently a on t (b);
-- case: index without a name
create index concurrently on t (b);
-- case: several indexes
drop index concurrently a, b;
-- case: partition detached concurrently
alter table t detach partition p concurrently;
-- case: databases and systems
create database d;
alter system set wal_level = 'logical';
-- case: rows from outside
copy t from stdin;
