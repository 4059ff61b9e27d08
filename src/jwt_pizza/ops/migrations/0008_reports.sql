CREATE TABLE ops.report_versions (
    incident_id bigint NOT NULL REFERENCES ops.incidents,
    version     integer NOT NULL CHECK (version > 0),
    words       jsonb NOT NULL,
    markdown    text NOT NULL,
    saved_at    timestamptz NOT NULL,
    saved_by    text NOT NULL,
    PRIMARY KEY (incident_id, version)
);
COMMENT ON TABLE ops.report_versions IS 'What people wrote into a report: a version each time that they saved. All else in a report is computed anew.';
COMMENT ON COLUMN ops.report_versions.words IS 'reports/model.py, Words.';
COMMENT ON COLUMN ops.report_versions.markdown IS 'The whole report as it was then.';
