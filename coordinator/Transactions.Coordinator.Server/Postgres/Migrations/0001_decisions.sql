-- The decision log, shared by all coordinators of a cluster. Timestamps are our 64-bit integers: microseconds since 1970
-- << 10, plus a counter.

create table txn.cluster (
    only_row boolean  primary key default true check (only_row),
    name     text     not null check (name <> ''),
    mode     smallint not null check (mode in (1, 2)),
    mark     bigint   not null default 0
);

comment on table txn.cluster is 'Whose log this is, its clock mode (T5), and the low-water mark (D5).';

create table txn.decisions (
    id          uuid     primary key,
    kind        smallint not null check (kind in (1, 2)),
    commit_ts   bigint   not null,
    reason      smallint not null,
    writers     text[]   not null,
    generations bigint[] not null,
    unapplied   text[]   not null,
    applied_at  bigint,
    key_client  text collate "C",
    key         text collate "C",
    result      bytea,
    check (cardinality(writers) = cardinality(generations)),
    check ((applied_at is null) = (unapplied <> '{}')),
    check ((key is null) = (key_client is null)),
    check (kind = 1 or (key is null and result is null and writers = '{}'))
);

-- D6: a business request's key, scoped to its client. Aborts carry none.
create unique index decisions_by_key on txn.decisions (key_client, key) where key is not null;

-- D5: commits whose outcome some writer hasn't applied.
create index decisions_unapplied on txn.decisions (id) where applied_at is null;

comment on table txn.decisions is 'Write-once: how each transaction ended (D1).';
comment on column txn.decisions.applied_at is 'When the last writer''s Applied was noted, by PostgreSQL''s clock; retention counts from then.';

create function txn.without(these text[], those text[]) returns text[]
language sql immutable strict parallel safe as $$
    select coalesce(array_agg(t), '{}') from unnest(these) t where t <> all (those)
$$;

create function txn.present() returns bigint
language sql volatile as $$
    select (extract(epoch from clock_timestamp()) * 1000000)::bigint << 10
$$;

comment on function txn.present is 'PostgreSQL''s clock as a timestamp. For retention only: nothing is ordered by it.';
