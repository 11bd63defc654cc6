-- Values that nobody may see, each encrypted for its owner and name.
CREATE TABLE secrets (
  owner      VARCHAR(64)  NOT NULL,
  name       VARCHAR(128) NOT NULL,
  ciphertext BLOB         NOT NULL,
  PRIMARY KEY (owner, name)
);

-- One row, made with the master key: tells whether a key is the one of this database.
CREATE TABLE secret_check (
  id         SMALLINT       NOT NULL CHECK (id = 1),
  ciphertext VARBINARY(256) NOT NULL,
  PRIMARY KEY (id)
);

-- Callers' keys; only hashes. Name, scope, expiry and last use are for scoped keys.
CREATE TABLE api_keys (
  id              VARCHAR(64)   NOT NULL,
  organization_id VARCHAR(64)   NOT NULL,
  kind            VARCHAR(16)   NOT NULL CHECK (kind IN ('organization', 'scoped')),
  hash            VARBINARY(32) NOT NULL,
  prefix          VARCHAR(32)   NOT NULL,
  name            VARCHAR(128),
  scope           VARCHAR(65536),
  created_at      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  expires_at      TIMESTAMP(6) WITH TIME ZONE,
  last_used_at    TIMESTAMP(6) WITH TIME ZONE,
  revoked_at      TIMESTAMP(6) WITH TIME ZONE,
  PRIMARY KEY (id),
  CONSTRAINT api_keys_hash_unique UNIQUE (hash)
);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);
