-- Hosts of sandboxes whose home volumes were moved to another host. An operator decides it; the journal keeps the previous host.
CREATE TABLE host_rebindings (
  engine     VARCHAR(64) NOT NULL,
  host       VARCHAR(255) NOT NULL,
  rebound_to VARCHAR(255) NOT NULL,
  rebound_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (engine, host)
);
