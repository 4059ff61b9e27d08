-- Few events are of people, of the set-up or of who was not believed; most are of alerts.
CREATE INDEX events_audited ON ops.events (id)
    WHERE kind IN ('audit.changed', 'audit.refused') OR starts_with(actor, 'person:');
