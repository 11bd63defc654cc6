package dev.chowder.bench;

/** One instance in a steady status, of which {@link FleetCopies} makes copies. */
record FleetTemplate(String id, String status) {}
