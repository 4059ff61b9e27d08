-- Most events have no key, and need no entry among the keys.
CREATE UNIQUE INDEX events_key ON ops.events (key) WHERE key IS NOT NULL;
ALTER TABLE ops.events DROP CONSTRAINT events_key_key;
