-- The place of an instance in lists, newest first: a UUID that sorts by the creation time. A row with the empty position is not
-- listed. Until now, lists were ordered by the id.

ALTER TABLE instances ADD COLUMN position VARCHAR(64) COLLATE "C";
UPDATE instances SET position = id;
ALTER TABLE instances ALTER COLUMN position SET NOT NULL;
DROP INDEX instances_listed;
CREATE INDEX instances_listed ON instances (organization_id, position, name) WHERE terminated_at IS NULL;
DROP INDEX instances_listed_by_status;
CREATE INDEX instances_listed_by_status ON instances (organization_id, status, position, name) WHERE terminated_at IS NULL;

ALTER TABLE instance_labels ADD COLUMN position VARCHAR(64) COLLATE "C";
UPDATE instance_labels SET position = instance_id;
ALTER TABLE instance_labels ALTER COLUMN position SET NOT NULL;
DROP INDEX instance_labels_by_value;
-- Unique, so that PostgreSQL can read instances in the order of this index. Otherwise it would first remove duplicates.
CREATE UNIQUE INDEX instance_labels_by_value ON instance_labels (organization_id, label_key, label_value, position);
