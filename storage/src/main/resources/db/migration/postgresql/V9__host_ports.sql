-- An operator's decision about a port of the host's loopback. It replaces the list in the configuration.
CREATE TABLE host_ports (
  port       INTEGER NOT NULL,
  listed     BOOLEAN NOT NULL,
  decided_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (port)
);
-- The organizations whose agents call a model at such a port. Nodes open these ports; reconciliation removes unused ones.
CREATE TABLE host_port_uses (
  port            INTEGER NOT NULL,
  organization_id VARCHAR(64) COLLATE "C" NOT NULL,
  used_at         TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (port, organization_id)
);
