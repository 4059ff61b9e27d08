-- name: last
-- The newest version of what people wrote.
SELECT version, words, saved_at, saved_by FROM ops.report_versions WHERE incident_id = $1 ORDER BY version DESC LIMIT 1;

-- name: version
-- One version, with the whole report as it was then.
SELECT version, words, saved_at, saved_by, markdown FROM ops.report_versions WHERE incident_id = $1 AND version = $2;

-- name: versions
-- Who saved when, the newest first.
SELECT version, saved_at, saved_by FROM ops.report_versions WHERE incident_id = $1 ORDER BY version DESC LIMIT 200;

-- name: save
-- The next version, if the one that was edited is still the newest.
INSERT INTO ops.report_versions (incident_id, version, words, markdown, saved_at, saved_by)
SELECT $1, $2::integer + 1, $3::text::jsonb, $4, $5, $6
WHERE $2 = (SELECT coalesce(max(version), 0) FROM ops.report_versions WHERE incident_id = $1)
ON CONFLICT DO NOTHING
RETURNING version, words, saved_at, saved_by;
