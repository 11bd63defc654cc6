package dev.chowder.server.operator;

import java.util.List;
import java.util.function.Supplier;

/**
 * The nodes of the running cluster by name, which is {@code host:port} of each in the cluster.
 *
 * @param own the name of this node
 * @param all returns the names of all nodes, in order
 * @param reconciling returns the name of the node that reconciles; empty while none does
 */
public record ClusterNodes(String own, Supplier<List<String>> all, Supplier<String> reconciling) {}
