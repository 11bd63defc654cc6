-- The retention deletes by time.
CREATE INDEX audit_by_time ON audit (at);

-- Set while the organization's journal may lack the event of a revocation: the id of the key that revoked this one, or '' for the
-- operator.
ALTER TABLE api_keys ADD COLUMN unrecorded_revoker VARCHAR(64) COLLATE "C";
CREATE INDEX api_keys_unrecorded ON api_keys (unrecorded_revoker) WHERE unrecorded_revoker IS NOT NULL;
