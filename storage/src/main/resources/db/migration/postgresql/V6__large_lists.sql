-- Lists of an organization with 100,000 instances, whatever is filtered for: a page is read backwards, newest first, and ends at
-- its last row. A beginning of a name is looked for inside the index, past rows that nobody fetches.

DROP INDEX instances_listed;
CREATE INDEX instances_listed ON instances (organization_id, id, name) WHERE terminated_at IS NULL;
CREATE INDEX instances_listed_by_status ON instances (organization_id, status, id, name) WHERE terminated_at IS NULL;
