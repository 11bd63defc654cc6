package dev.chowder.installation.site;

import dev.chowder.admin.installation.Installation;

/** Creates the state directory of an installation, which only its user can read. */
public final class StateDirectory {
  private static final String CLUSTER_ID = "CHOWDER_CLUSTER_ID";

  private StateDirectory() {}

  /**
   * Creates the folders, and gives the installation its cluster id, which distinguishes it from
   * others on the same Docker Engine.
   */
  public static void ensure(Site site) {
    var installation = new Installation(site.home());
    installation.createFolders();
    installation.ensureClusterId(site.variables().find(CLUSTER_ID));
    site.variables().set(CLUSTER_ID, site.text("cluster-id").orElseThrow());
  }
}
