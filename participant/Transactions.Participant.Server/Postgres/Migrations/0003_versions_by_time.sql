-- By the microsecond of the commit, not by its timestamp: an index by timestamp also looks like a way to a key's newest
-- version, and on a new table the planner takes it, which reads what all other keys have had since.
drop index txn.versions_by_time;
create index versions_by_time on txn.versions (shard, (commit_ts >> 10));

comment on index txn.versions_by_time is 'The order of commits, for feeds and pruning: ask for (commit_ts >> 10), the microsecond.';
