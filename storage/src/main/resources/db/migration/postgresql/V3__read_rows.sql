-- What lists and sweeps read. Each row is written by its own entity; the journal is the truth.
-- Where H2 needs a leading constant column to use an index, PostgreSQL has partial ones, which stay small.

CREATE TABLE instances (
  id              VARCHAR(64)  COLLATE "C" NOT NULL,
  organization_id VARCHAR(64)  COLLATE "C" NOT NULL,
  revision        INTEGER      NOT NULL,
  status          VARCHAR(32)  COLLATE "C" NOT NULL,
  name            VARCHAR(128) COLLATE "C" NOT NULL,
  labels          VARCHAR(1048576) NOT NULL,
  created_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  updated_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  terminated_at   TIMESTAMP(6) WITH TIME ZONE,
  owes_since      TIMESTAMP(6) WITH TIME ZONE,
  holds_slot      BOOLEAN      NOT NULL,
  view            BYTEA        NOT NULL CHECK (length(view) <= 1048576),
  PRIMARY KEY (id)
);
-- In the order of a page, which is read backwards.
CREATE INDEX instances_listed ON instances (organization_id, terminated_at, id);
CREATE INDEX instances_live ON instances (id) WHERE terminated_at IS NULL;
CREATE INDEX instances_owing ON instances (owes_since, id) WHERE owes_since IS NOT NULL;
CREATE INDEX instances_by_status ON instances (status) WHERE terminated_at IS NULL;
CREATE INDEX instances_holding ON instances (organization_id) WHERE holds_slot;

-- The labels once more, one by one, for filters. Only of instances that are listed.
CREATE TABLE instance_labels (
  instance_id     VARCHAR(64)   COLLATE "C" NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  label_key       VARCHAR(1024) COLLATE "C" NOT NULL,
  label_value     VARCHAR(4096) COLLATE "C" NOT NULL,
  organization_id VARCHAR(64)   COLLATE "C" NOT NULL,
  PRIMARY KEY (instance_id, label_key)
);
CREATE INDEX instance_labels_by_value ON instance_labels (organization_id, label_key, label_value, instance_id);

CREATE TABLE organizations (
  id       VARCHAR(64)  COLLATE "C" NOT NULL,
  revision INTEGER      NOT NULL,
  name     VARCHAR(128) COLLATE "C" NOT NULL,
  tier     VARCHAR(32)  COLLATE "C" NOT NULL,
  slots    INTEGER      NOT NULL,
  view     BYTEA        NOT NULL CHECK (length(view) <= 1048576),
  PRIMARY KEY (id)
);
