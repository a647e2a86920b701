-- A shard's tables. Timestamps are our 64-bit integers (microseconds since 1970 << 10, plus a counter); keys compare as
-- UTF-8 bytes; values stay byte for byte as they were sent. Every table starts with the shard, since one database may hold
-- several.

create table txn.shard (
    shard           text collate "C" primary key,
    generation      bigint not null default 0,
    epoch           bigint not null default 0,
    owner           text   not null default '',
    endpoint        text   not null default '',
    lease_until     bigint not null default 0,
    visible_upto    bigint not null default 0,
    history_horizon bigint not null default 0,
    outcomes_mark   bigint not null default 0,
    pruned_upto     bigint not null default 0
) with (fillfactor = 10, autovacuum_vacuum_threshold = 100);

comment on table txn.shard is 'Who owns each shard, until when, and what of it is visible (L1, S4).';
comment on column txn.shard.pruned_upto is 'Versions that one at or below this supersedes have been deleted.';

create table txn.versions (
    shard      text collate "C" not null,
    collection text collate "C" not null,
    key        text collate "C" not null,
    commit_ts  bigint not null,
    value      json
);

-- Newest first: the version at a timestamp is the first one met, and the next key is one step of the index away.
create unique index versions_by_key on txn.versions (shard, collection, key, commit_ts desc);
alter table txn.versions replica identity using index versions_by_key;

-- Feeds and pruning follow the commit order.
create index versions_by_time on txn.versions (shard, commit_ts);

comment on table txn.versions is 'Every committed value, tombstones (null) too, until the history horizon.';

create table txn.prepared (
    shard       text collate "C" not null,
    id          uuid   not null,
    prepare_ts  bigint not null,
    valid_until bigint not null,
    generation  bigint not null,
    operations  int    not null,
    priority    bigint not null,
    deadline    bigint not null,
    coordinator text   not null,
    incarnation bigint not null,
    client      text   not null,
    primary key (shard, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

comment on table txn.prepared is 'Votes of prepared writers whose outcome is not applied here (X7).';

create table txn.intents (
    shard      text collate "C" not null,
    id         uuid not null,
    collection text collate "C" not null,
    key        text collate "C" not null,
    value      json,
    primary key (shard, id, collection, key)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

comment on table txn.intents is 'What prepared writers will write if they commit.';

create table txn.outcomes (
    shard     text collate "C" not null,
    id        uuid     not null,
    kind      smallint not null check (kind in (1, 2)),
    commit_ts bigint   not null,
    reason    smallint not null,
    primary key (shard, id)
);

comment on table txn.outcomes is 'Write-once register of one-phase commits and of transactions ended by a tombstone (X11, D4).';

-- L2: called as a statement of its own, after the one that took the lock, so that its snapshot is younger than the lock.
create function txn.check_fence(of_shard text, as_generation bigint, as_epoch bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from txn.shard s where s.shard = of_shard and s.generation = as_generation and s.epoch = as_epoch;
    if not found then
        raise exception using
            errcode = 'TX001',
            message = format('shard %s is no longer owned in generation %s, epoch %s', of_shard, as_generation, as_epoch);
    end if;
end
$$;
