-- Calls that carried an idempotency key. A row is written before its command is sent, answered at most once, and swept after
-- it expired. While it has no outcome, whoever holds the claim is at work until the lease ends; then anybody may take over.
CREATE TABLE idempotency_keys (
  organization_id VARCHAR(64)   NOT NULL,
  rpc             VARCHAR(128)  NOT NULL,
  idempotency_key VARCHAR(255)  NOT NULL,
  digest          VARBINARY(32) NOT NULL,
  resource_id     VARCHAR(64)   NOT NULL,
  claim           VARCHAR(64)   NOT NULL,
  lease_until     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  outcome         VARCHAR(16),
  answer          VARBINARY(1048576),
  expires_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (organization_id, rpc, idempotency_key)
);
CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at);
