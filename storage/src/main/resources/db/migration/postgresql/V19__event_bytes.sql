-- Bytes of events that callers of an organization caused by changes, on its last day with any. The day is that of UTC since 1970.
CREATE TABLE event_bytes (
  organization_id VARCHAR(64) NOT NULL,
  on_day          BIGINT      NOT NULL,
  bytes           BIGINT      NOT NULL,
  PRIMARY KEY (organization_id)
);
