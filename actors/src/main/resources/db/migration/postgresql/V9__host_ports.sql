-- Ports of the host's loopback. What the operator decided about one: it replaces what the configuration lists.
CREATE TABLE host_ports (
  port       INTEGER NOT NULL,
  listed     BOOLEAN NOT NULL,
  decided_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (port)
);
-- Which organization's agents call a model at one. Nodes open what stands here, and nothing stands here for long that no agent uses.
CREATE TABLE host_port_uses (
  port            INTEGER NOT NULL,
  organization_id VARCHAR(64) COLLATE "C" NOT NULL,
  used_at         TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (port, organization_id)
);
