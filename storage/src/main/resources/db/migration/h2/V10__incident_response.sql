-- Whether an organization's keys work. Authentication reads it with the key.
ALTER TABLE organizations ADD COLUMN standing VARCHAR(16) DEFAULT 'active' NOT NULL;

-- Reads of secrets and conversations, and failed authentications. Rows are only added, and deleted after their retention.
CREATE TABLE audit (
  id              VARCHAR(64) NOT NULL,
  at              TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  action          VARCHAR(64) NOT NULL,
  organization_id VARCHAR(64) NOT NULL,
  key_id          VARCHAR(64) NOT NULL,
  instance_id     VARCHAR(64) NOT NULL,
  address         VARCHAR(64) NOT NULL,
  times           INTEGER NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX audit_of_organization ON audit (organization_id, id);
