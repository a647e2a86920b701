-- S4: what people and their reports may read. Each reads visible_upto in the statement that reads the versions.

create function txn.to_time(ts bigint) returns timestamptz
language sql immutable strict parallel safe
return to_timestamp((ts >> 10) / 1000000::double precision);

comment on function txn.to_time is 'The physical part of a timestamp.';

create function txn.from_time(moment timestamptz) returns bigint
language sql immutable strict parallel safe
return ((extract(epoch from moment) * 1000000)::bigint << 10) | 1023;

comment on function txn.from_time is 'The last timestamp of a microsecond.';

create view txn.latest as
select s.shard, v.collection, v.key, v.value, v.commit_ts, txn.to_time(v.commit_ts) as committed_at
from txn.shard s
cross join lateral (
    select distinct on (v.collection, v.key) v.collection, v.key, v.value, v.commit_ts
    from txn.versions v
    where v.shard = s.shard and v.commit_ts <= s.visible_upto
    order by v.collection, v.key, v.commit_ts desc
) v
where v.value is not null;

comment on view txn.latest is 'The committed state up to each shard''s visible_upto. Read only.';

-- Stable: it reads under the calling statement's snapshot, so that bound, horizon and versions agree.
create function txn.state_at(of_shard text, ts bigint)
returns table (collection text, key text, value json, commit_ts bigint, committed_at timestamptz)
language plpgsql stable as $$
declare
    bounds txn.shard;
begin
    select * into bounds from txn.shard s where s.shard = of_shard;
    if not found then
        raise exception using errcode = 'TX002', message = format('there is no shard %s here', of_shard);
    elsif ts > bounds.visible_upto then
        raise exception using
            errcode = 'TX002',
            message = format('%s is not visible yet at shard %s', txn.to_time(ts), of_shard),
            hint = format('Ask for at most %s (%s).', bounds.visible_upto, txn.to_time(bounds.visible_upto));
    elsif ts < bounds.history_horizon then
        raise exception using
            errcode = 'TX002',
            message = format('%s lies before the history that shard %s keeps', txn.to_time(ts), of_shard),
            hint = format('Ask for at least %s (%s).', bounds.history_horizon, txn.to_time(bounds.history_horizon));
    end if;

    return query
        select n.collection, n.key, n.value, n.commit_ts, txn.to_time(n.commit_ts)
        from (
            select distinct on (v.collection, v.key) v.collection, v.key, v.value, v.commit_ts
            from txn.versions v
            where v.shard = of_shard and v.commit_ts <= ts
            order by v.collection, v.key, v.commit_ts desc
        ) n
        where n.value is not null;
end
$$;

comment on function txn.state_at(text, bigint) is 'The committed state of a shard as of a timestamp that is visible and still kept.';

create function txn.state_at(of_shard text, moment timestamptz)
returns table (collection text, key text, value json, commit_ts bigint, committed_at timestamptz)
language sql stable as $$
    select * from txn.state_at(of_shard, txn.from_time(moment));
$$;
