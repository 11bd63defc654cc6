-- Instances whose gateway tokens came from a backup. A rotation that is later than the backup may have replaced such a token.
CREATE TABLE outdated_tokens (
  instance_id VARCHAR(64) NOT NULL,
  PRIMARY KEY (instance_id)
);
