-- What lists and sweeps read. Each row is written by its own entity; the journal is the truth.

CREATE TABLE instances (
  id              VARCHAR(64)  NOT NULL,
  organization_id VARCHAR(64)  NOT NULL,
  revision        INTEGER      NOT NULL,
  status          VARCHAR(32)  NOT NULL,
  name            VARCHAR(128) NOT NULL,
  labels          VARCHAR(1048576) NOT NULL,
  created_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  updated_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  terminated_at   TIMESTAMP(6) WITH TIME ZONE,
  owes_since      TIMESTAMP(6) WITH TIME ZONE,
  holds_slot      BOOLEAN      NOT NULL,
  view            VARBINARY(1048576) NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX instances_listed ON instances (organization_id, terminated_at, id);
CREATE INDEX instances_owing ON instances (owes_since, id);
CREATE INDEX instances_by_status ON instances (terminated_at, status);
CREATE INDEX instances_holding ON instances (holds_slot, organization_id);

-- The labels once more, one by one, for filters. Only of instances that are listed.
CREATE TABLE instance_labels (
  instance_id     VARCHAR(64)   NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  label_key       VARCHAR(1024) NOT NULL,
  label_value     VARCHAR(4096) NOT NULL,
  organization_id VARCHAR(64)   NOT NULL,
  PRIMARY KEY (instance_id, label_key)
);
CREATE INDEX instance_labels_by_value ON instance_labels (organization_id, label_key, label_value, instance_id);

CREATE TABLE organizations (
  id       VARCHAR(64)  NOT NULL,
  revision INTEGER      NOT NULL,
  name     VARCHAR(128) NOT NULL,
  tier     VARCHAR(32)  NOT NULL,
  slots    INTEGER      NOT NULL,
  view     VARBINARY(1048576) NOT NULL,
  PRIMARY KEY (id)
);
