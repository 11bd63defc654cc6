-- A page of one status is read backwards, newest first, and ends at its last row.

CREATE INDEX instances_listed_by_status ON instances (organization_id, terminated_at, status, id);
